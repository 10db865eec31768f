// Brings what plugins have under way to the worker's loop: woken from any thread, and when a deadline comes.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"
#include "event/timer.h"
#include "event/watch.h"
#include "plugin/chain.h"

namespace hyalite {

class Delivery final : private LoopSignal {
 public:
  // Both outlive this.
  Delivery(Loop& loop, Chain& chain)
      : loop_(loop), chain_(chain), woken_(loop, callback<&Delivery::on_woken>(*this)), timer_(loop, callback<&Delivery::deliver>(*this)) {}

  // Before the plugins start. `outbound` (may be null) outlives this.
  Result<void> open(Outbound* outbound);

 private:
  void signal() override;  // [any thread]
  void on_woken();
  void deliver();

  Loop& loop_;
  Chain& chain_;
  Fd bell_;  // an eventfd
  ReadWatch woken_;
  Timer timer_;
};

}  // namespace hyalite

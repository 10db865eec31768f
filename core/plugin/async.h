// What plugins have under way in this worker, beyond the calls of this moment, and its delivery.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/clock.h"
#include "plugin/limits.h"
#include "plugin/pauses.h"

namespace hyalite {

// Belongs to the chain; opened in each worker, where there is a loop. Nothing is ever delivered inside a call of a plugin:
// whatever becomes ready waits for deliver().
class Async {
 public:
  explicit Async(const ChainLimits& limits) : pauses(limits.pauses) {}

  // In a worker, before the plugins start. Both outlive this.
  void open(const Clock& clock, LoopSignal& signal) { clock_ = &clock, signal_ = &signal; }
  bool is_open() const { return clock_ != nullptr; }
  Monotonic now() const { return clock_->now(); }

  // On the loop: everything that is due.
  void deliver() { pauses.deliver(now()); }
  // When deliver() has something to do at the latest, as far as is known now.
  std::optional<Monotonic> next() const { return pauses.next_deadline(); }
  // [any thread]
  void wake() { signal_->signal(); }

  Pauses pauses;

 private:
  const Clock* clock_ = nullptr;
  LoopSignal* signal_ = nullptr;
};

}  // namespace hyalite

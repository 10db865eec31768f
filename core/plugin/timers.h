// The plugins' timers of one worker.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>

#include "base/clock.h"
#include "plugin/errands.h"
#include "plugin/refs.h"

namespace hyalite {

class Timers {
 public:
  Timers(std::size_t most, Errands& errands) : table_(RefKind::timer, most), errands_(errands) {}

  // 0: there are too many. `period` 0: once. At every period else, and those it is late for are bundled into one.
  Ref add(InstanceHost& owner, Monotonic due, std::chrono::nanoseconds period, hyalite_done done, void* user);
  // Its last word is owed with this status. False: it is over, or another's.
  bool end(const InstanceHost& owner, Ref ref, hyalite_status status);
  void end_all(hyalite_status status);

  // Owes the calls whose time has come.
  void advance(Monotonic now);
  std::optional<Monotonic> next() const {
    return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
  }

 private:
  struct Timer {
    InstanceHost* owner;
    std::chrono::nanoseconds period;
    hyalite_done done;
    void* user;
    std::multimap<Monotonic, Ref>::iterator due;
  };
  void owe_last(Ref ref, hyalite_status status);

  RefTable<Timer> table_;
  std::multimap<Monotonic, Ref> due_;
  Errands& errands_;
};

}  // namespace hyalite

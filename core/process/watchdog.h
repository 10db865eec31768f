// Is a worker still at work? Judged by what it writes on the board.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "plugin/call_slot.h"

namespace hyalite {

// One per worker process; looks at least every few hundred milliseconds. A call into a plugin that
// lasts too long is the plugin's fault, and so is work of its that does on a thread; a loop that does
// not turn while no plugin is running is ours. What the watchdog slept through itself (a machine that was stopped or overloaded) is
// nobody's: it counts anew from when it woke up.
class Watchdog {
 public:
  using Nanoseconds = std::chrono::nanoseconds;
  struct Limits {
    Nanoseconds call;   // containment.call_budget.act
    Nanoseconds stall;  // containment.worker_stall; before the loop turns: timeouts.load
    Nanoseconds work;   // containment.work_budget.act
  };
  enum class Finding { fine, call_overdue, stalled, work_overdue };
  // Two looks further apart than this: it slept.
  static constexpr Nanoseconds kSlept = std::chrono::seconds{1};

  void begin(std::int64_t now_ns) { looked_ns_ = awake_ns_ = now_ns; }
  // `beat_ns`: when the worker's loop turned last.
  Finding look(std::int64_t now_ns, const CallSlot& slot, std::int64_t beat_ns,
               const Limits& limits);
  // For how long nothing has moved.
  Nanoseconds still(std::int64_t now_ns) const { return Nanoseconds(now_ns - moved_ns_); }

 private:
  std::int64_t looked_ns_ = 0;
  std::int64_t awake_ns_ = 0;       // no time before this counts
  std::int64_t moved_ns_ = 0;       // the last sign of life
  std::int64_t overdue_since_ = 0;  // when the call began that was found to take too long
  std::int64_t work_overdue_since_ = 0;  // likewise

  bool work_is_overdue(std::int64_t now_ns, const CallSlot& slot, const Limits& limits);
};

}  // namespace hyalite

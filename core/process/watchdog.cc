// Is a worker still at work? Judged by what it writes on the board.
// SPDX-License-Identifier: MIT
#include "process/watchdog.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace hyalite {

std::int64_t coarse_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Watchdog::Finding Watchdog::look(std::int64_t now_ns, const CallSlot& slot, std::int64_t beat_ns,
                                 const Limits& limits) {
  if (now_ns - std::exchange(looked_ns_, now_ns) > kSlept.count()) awake_ns_ = now_ns;
  const bool inside = slot.instance.load(std::memory_order_relaxed) != 0;
  const std::int64_t since = slot.since_ns.load(std::memory_order_relaxed);
  moved_ns_ = std::max({moved_ns_, beat_ns, since, awake_ns_, inside ? now_ns : 0});

  const bool overdue = inside && now_ns - std::max(since, awake_ns_) >= limits.call.count();
  // Seen twice: a single look might have caught the start of one call with the time of another.
  const bool again = std::exchange(overdue_since_, overdue ? since : 0) == since;
  if (overdue) return again ? Finding::call_overdue : Finding::fine;
  return now_ns - moved_ns_ >= limits.stall.count() ? Finding::stalled : Finding::fine;
}

}  // namespace hyalite

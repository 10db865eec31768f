// Is a worker still at work? Judged by what it writes on the board.
// SPDX-License-Identifier: MIT
#include "process/watchdog.h"

#include <algorithm>
#include <utility>

namespace hyalite {

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
  if (work_is_overdue(now_ns, slot, limits)) return Finding::work_overdue;
  return now_ns - moved_ns_ >= limits.stall.count() ? Finding::stalled : Finding::fine;
}

bool Watchdog::work_is_overdue(std::int64_t now_ns, const CallSlot& slot, const Limits& limits) {
  const std::int64_t since = slot.work_since_ns.load(std::memory_order_relaxed);
  const bool overdue = slot.work.load(std::memory_order_relaxed) != 0 && now_ns - std::max(since, awake_ns_) >= limits.work.count();
  return overdue && std::exchange(work_overdue_since_, since) == since;
}

}  // namespace hyalite

// Many coarse timers at almost no cost: a wheel of ticks.
// SPDX-License-Identifier: MIT
#include "event/wheel.h"

#include <algorithm>

namespace hyalite {

Wheel::Wheel(const Clock& clock, Milliseconds tick)
    : clock_(clock), tick_(tick), begin_(clock.now()), slots_(std::make_unique<Link[]>(kSlots)) {}

std::uint64_t Wheel::ticks_until(Monotonic time) const {
  if (time <= begin_) return 0;
  return static_cast<std::uint64_t>((time - begin_) / tick_);
}

void Wheel::schedule(WheelEntry& entry, Milliseconds delay) {
  // The first tick at or after the wanted time; and never one that was served already.
  const auto wanted = ticks_until(clock_.now() + delay + tick_ - Monotonic::duration{1});
  entry.due_ = std::max(wanted, current_ + 1);
  entry.join(slots_[entry.due_ % kSlots]);
}

void Wheel::advance() {
  const std::uint64_t now = ticks_until(clock_.now());
  if (now <= current_) return;
  // However late we are, each slot is visited once.
  const std::uint64_t first = std::max(current_ + 1, now >= kSlots ? now - kSlots + 1 : 0);
  current_ = now;
  for (std::uint64_t tick = first; tick <= now; ++tick) serve(slots_[tick % kSlots]);
}

void Wheel::serve(Link& slot) {
  // Set apart first: an owner may schedule into this very slot while we walk.
  Link batch;
  batch.take_all(slot);
  while (!batch.empty()) {
    auto& entry = static_cast<WheelEntry&>(*batch.first());
    if (entry.due_ > current_) {
      entry.join(slot);
      continue;
    }
    entry.leave();
    entry.expired_();
  }
}

}  // namespace hyalite

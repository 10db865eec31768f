// Many coarse timers at almost no cost: a wheel of ticks.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "event/callback.h"
#include "event/link.h"

namespace hyalite {

// One time-out, living inside its owner. Destroyed = cancelled.
class WheelEntry : private Link {
 public:
  explicit WheelEntry(Callback<> expired) : expired_(expired) {}

  void cancel() { leave(); }
  bool scheduled() const { return linked(); }
  Callback<> owner() const { return expired_; }

 private:
  friend class Wheel;
  std::uint64_t due_ = 0;  // in ticks since the wheel began
  Callback<> expired_;
};

// Never calls early, and at most one tick late (plus how late advance() is called).
// Its memory does not grow with the number of entries. Entries leave before the wheel is destroyed.
class Wheel {
 public:
  explicit Wheel(const Clock& clock, Milliseconds tick = Seconds{1});

  // Calls the entry's owner once, `delay` from now. An entry that is scheduled already is moved.
  // O(1).
  void schedule(WheelEntry& entry, Milliseconds delay);
  // Calls all whose time has come; they may schedule, cancel and destroy any entry. To be called at
  // every tick (a Ticker does).
  void advance();
  Milliseconds tick() const { return tick_; }

 private:
  static constexpr std::size_t kSlots =
      512;  // an entry further away than this many ticks is passed by once per round

  std::uint64_t ticks_until(Monotonic time) const;
  void serve(Link& slot);

  const Clock& clock_;
  Milliseconds tick_;
  Monotonic begin_;
  std::uint64_t current_ = 0;  // the last tick that was served
  std::unique_ptr<Link[]> slots_;
};

}  // namespace hyalite

// Calls once, at a deadline: exact where that is near, within a tick where it is far.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "event/timer.h"
#include "event/wheel.h"

namespace hyalite {

// For what has one deadline or another all its life, most of them far away: then it is a place on the wheel, and small. The owner
// may set, stop or destroy the alarm inside its call.
class Alarm {
 public:
  // Up to this many of the wheel's ticks, a deadline is near.
  static constexpr int kNearTicks = 4;

  explicit Alarm(Callback<> owner) : far_(owner) {}

  // The owner is called once after `delay`, never early; at most a tick of the wheel late when that is far. Moves what was set.
  // `loop` and `wheel` outlive the alarm.
  void set(Milliseconds delay, Loop& loop, Wheel& wheel);
  void stop();

 private:
  WheelEntry far_;
  std::unique_ptr<Timer> near_;
};

}  // namespace hyalite

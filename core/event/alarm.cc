// Calls once, at a deadline: exact where that is near, within a tick where it is far.
// SPDX-License-Identifier: MIT
#include "event/alarm.h"

namespace hyalite {

void Alarm::set(Milliseconds delay, Loop& loop, Wheel& wheel) {
  if (delay > kNearTicks * wheel.tick()) {
    near_.reset();
    return wheel.schedule(far_, delay);
  }
  far_.cancel();
  if (!near_) near_ = std::make_unique<Timer>(loop, far_.owner());
  near_->start(delay);
}

void Alarm::stop() {
  far_.cancel();
  near_.reset();
}

}  // namespace hyalite

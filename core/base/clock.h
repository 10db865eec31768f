// The time; tests bring their own.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace hyalite {

using Monotonic = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// Where the code asks for the time. Lent to whoever needs it; outlives them.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Monotonic now() const = 0;       // for durations and deadlines; never jumps
  virtual WallTime wall_time() const = 0;  // for people and records; may jump
};

class SystemClock : public Clock {
 public:
  Monotonic now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_time() const override { return std::chrono::system_clock::now(); }
};

// A clock that a test holds: it moves only when told.
class ManualClock : public Clock {
 public:
  Monotonic now() const override { return now_; }
  WallTime wall_time() const override { return wall_; }
  void advance(Milliseconds by) {
    now_ += by;
    wall_ += by;
  }
  // Somebody sets the wall's.
  void set_wall(WallTime to) { wall_ = to; }

 private:
  Monotonic now_{Seconds{1'000}};
  WallTime wall_{Seconds{1'700'000'000}};
};

}  // namespace hyalite

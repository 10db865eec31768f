// A clock that a test holds: it stands still until it is told to move.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace hyalite {

// Moved by the thread that runs the test; read by any, since plugins may ask for the time on threads of their own.
class HeldClock final : public Clock {
 public:
  Monotonic now() const override { return Monotonic{kStart + passed()}; }
  WallTime wall_time() const override {
    return WallTime{std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds{kWallStart} + passed())};
  }
  void advance_to(Monotonic when) {
    if (when > now()) passed_ns_.store((when - Monotonic{kStart}).count(), std::memory_order_relaxed);
  }

 private:
  static constexpr Seconds kStart{1'000}, kWallStart{1'700'000'000};
  std::chrono::nanoseconds passed() const { return std::chrono::nanoseconds{passed_ns_.load(std::memory_order_relaxed)}; }

  std::atomic<std::int64_t> passed_ns_{0};
};

}  // namespace hyalite

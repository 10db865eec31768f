// SPDX-License-Identifier: MIT
#include "event/wheel.h"

#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <random>

#include "event/alarm.h"

namespace hyalite {
namespace {

struct AWheel : testing::Test {
  ManualClock clock;
  Wheel wheel{clock};
  int fired = 0;
  void count() { ++fired; }
  WheelEntry entry{callback<&AWheel::count>(*this)};
  void go(Milliseconds by) {
    clock.advance(by);
    wheel.advance();
  }
};

TEST_F(AWheel, NeverCallsEarlyAndAtMostOneTickLate) {
  clock.advance(Milliseconds{300});
  wheel.schedule(entry, Milliseconds{1'500});  // wanted at 1.8
  go(Milliseconds{1'499});
  EXPECT_EQ(fired, 0);
  go(Milliseconds{201});
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(entry.scheduled());
  go(Seconds{2'000});
  EXPECT_EQ(fired, 1);
}

TEST_F(AWheel, MovesWhatIsScheduledAgain) {
  wheel.schedule(entry, Seconds{2});
  go(Seconds{1});
  wheel.schedule(entry, Seconds{5});
  go(Seconds{4});
  EXPECT_EQ(fired, 0);
  go(Seconds{1});
  EXPECT_EQ(fired, 1);
}

TEST_F(AWheel, ForgetsWhatIsCancelledOrDestroyed) {
  {
    WheelEntry short_lived(callback<&AWheel::count>(*this));
    wheel.schedule(short_lived, Seconds{1});
    wheel.schedule(entry, Seconds{1});
    entry.cancel();
  }
  go(Seconds{10});
  EXPECT_EQ(fired, 0);
}

TEST_F(AWheel, KeepsWhatIsFurtherAwayThanOneRound) {
  wheel.schedule(entry, Seconds{3'600});
  for (int second = 0; second < 3'599; ++second) go(Seconds{1});
  EXPECT_EQ(fired, 0);
  go(Seconds{1});
  EXPECT_EQ(fired, 1);
}

TEST_F(AWheel, CatchesUpAfterALongPause) {
  wheel.schedule(entry, Seconds{700});
  go(Seconds{10'000});
  EXPECT_EQ(fired, 1);
}

TEST_F(AWheel, ServesAZeroDelayAtTheNextTick) {
  go(Seconds{5});
  wheel.schedule(entry, Milliseconds{0});
  wheel.advance();
  EXPECT_EQ(fired, 0);
  go(Seconds{1});
  EXPECT_EQ(fired, 1);
}

TEST_F(AWheel, LetsAnOwnerScheduleCancelAndDestroyInsideItsCall) {
  std::unique_ptr<WheelEntry> a, b;
  auto end_both_and_go_on = [&] {
    ++fired;
    a.reset();
    b.reset();
    wheel.schedule(entry, Seconds{512});  // the very slot that is being served
  };
  a = std::make_unique<WheelEntry>(Callback<>::of(end_both_and_go_on));
  b = std::make_unique<WheelEntry>(Callback<>::of(end_both_and_go_on));
  wheel.schedule(*a, Seconds{3});
  wheel.schedule(*b, Seconds{3});
  go(Seconds{3});
  EXPECT_EQ(fired, 1);
  EXPECT_TRUE(entry.scheduled());
  go(Seconds{511});
  EXPECT_EQ(fired, 1);
  go(Seconds{1});
  EXPECT_EQ(fired, 2);
}

TEST_F(AWheel, IsOnTimeForManyEntriesAtRandomTimes) {
  struct One {
    explicit One(ManualClock& c) : clock(c) {}
    void expired() { at = clock.now(); }
    ManualClock& clock;
    Monotonic wanted, at;
    WheelEntry entry{callback<&One::expired>(*this)};
  };
  std::mt19937 random(7);
  std::list<One> all;
  for (int step = 0; step < 2'000; ++step) {
    One& one = all.emplace_back(clock);
    const Milliseconds delay(random() % 900'000);
    one.wanted = clock.now() + delay;
    wheel.schedule(one.entry, delay);
    go(Milliseconds(random() % 1'500));
  }
  for (int second = 0; second < 1'000; ++second) go(Seconds{1});
  for (const One& one : all) {
    EXPECT_GE(one.at, one.wanted);
    // One tick for rounding up, and our own steps of up to 1.5 s in which the wheel is not called.
    EXPECT_LE(one.at, one.wanted + Milliseconds{2'500});
  }
}

// ---- alarms ----

TEST_F(AWheel, AnAlarmFarAwayIsOnTheWheelAndANearOneIsExact) {
  const std::unique_ptr<Loop> loop = *Loop::open();
  Alarm alarm(callback<&AWheel::count>(*this));
  alarm.set(Seconds{10}, *loop, wheel);
  EXPECT_FALSE(loop->run_once()) << "far away, it costs the loop nothing";
  go(Seconds{9});
  EXPECT_EQ(fired, 0);
  go(Seconds{1});
  EXPECT_EQ(fired, 1);
  alarm.set(Seconds{10}, *loop, wheel);
  alarm.set(Milliseconds{1}, *loop, wheel);
  while (loop->run_once()) {
  }
  EXPECT_EQ(fired, 2);
  go(Seconds{20});
  EXPECT_EQ(fired, 2) << "it was moved";
}

TEST_F(AWheel, AnAlarmMayBeSetAndStoppedInItsOwnCall) {
  const std::unique_ptr<Loop> loop = *Loop::open();
  Alarm* self = nullptr;
  auto again = [&] {
    if (++fired == 1) return self->set(Seconds{10}, *loop, wheel);
    if (fired == 2) return self->set(Milliseconds{0}, *loop, wheel);
    self->stop();
  };
  Alarm alarm(Callback<>::of(again));
  self = &alarm;
  alarm.set(Milliseconds{0}, *loop, wheel);
  while (loop->run_once()) {
  }
  EXPECT_EQ(fired, 1);
  go(Seconds{10});
  EXPECT_EQ(fired, 2);
  while (loop->run_once()) {
  }
  EXPECT_EQ(fired, 3);
}

}  // namespace
}  // namespace hyalite

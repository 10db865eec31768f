// Who stands still, and whose fault it is.
// SPDX-License-Identifier: MIT
#include "process/watchdog.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

using Finding = Watchdog::Finding;
using std::chrono::milliseconds;

constexpr std::int64_t ms(std::int64_t count) { return count * 1'000'000; }

// Looks every 100 ms at a worker that the test moves.
struct AWatchdog : testing::Test {
  AWatchdog() { dog.begin(now); }
  Finding look() {
    now += ms(100);
    return dog.look(now, slot, beat, {milliseconds(1'000), milliseconds(3'000), milliseconds(5'000)});
  }
  Finding look_for(int looks) {
    Finding found = Finding::fine;
    for (int i = 0; i < looks && found == Finding::fine; ++i) found = look();
    return found;
  }
  void call(std::uint32_t instance) {
    slot.since_ns = now;
    slot.instance = instance;
  }
  std::int64_t now = ms(100'000), beat = ms(100'000);
  CallSlot slot;
  Watchdog dog;
};

}  // namespace

TEST_F(AWatchdog, LetsAWorkerBeWhoseLoopTurns) {
  for (int i = 0; i < 100; ++i) {
    beat = now;
    EXPECT_EQ(look(), Finding::fine);
  }
}

TEST_F(AWatchdog, FindsALoopThatStandsStill) {
  EXPECT_EQ(look_for(29), Finding::fine);
  EXPECT_EQ(look(), Finding::stalled);
  EXPECT_EQ(dog.still(now), milliseconds(3'000));
}

TEST_F(AWatchdog, FindsACallThatTakesTooLongOnTheSecondLook) {
  call(1);
  EXPECT_EQ(look_for(10), Finding::fine);
  EXPECT_EQ(look(), Finding::call_overdue);
}

TEST_F(AWatchdog, BlamesNoCallThatJustBegan) {
  call(1);
  look_for(10);
  call(1);
  EXPECT_EQ(look(), Finding::fine) << "another call, seen for the first time";
}

TEST_F(AWatchdog, TakesManyShortCallsForLife) {
  for (int i = 0; i < 60; ++i) {
    call(1);
    slot.instance = 0;
    EXPECT_EQ(look(), Finding::fine);
  }
}

TEST_F(AWatchdog, DoesNotCountALongCallAsAStallOnceItIsOver) {
  for (int i = 0; i < 100; ++i) {
    slot.since_ns = ms(100'000);
    slot.instance = 1;
    now += ms(100);
    EXPECT_EQ(dog.look(now, slot, beat, {std::chrono::hours(1), milliseconds(3'000), std::chrono::hours(1)}),
              Finding::fine);
  }
  slot.instance = 0;
  EXPECT_EQ(look(), Finding::fine);
}

TEST_F(AWatchdog, FindsWorkOnAThreadThatTakesTooLongWhileTheLoopTurns) {
  slot.work_since_ns = now;
  slot.work = 2;
  Finding found = Finding::fine;
  int looks = 0;
  for (; looks < 100 && found == Finding::fine; ++looks) {
    beat = now;
    found = look();
  }
  EXPECT_EQ(found, Finding::work_overdue);
  EXPECT_EQ(looks, 51) << "seen twice";
  slot.work_since_ns = now;
  EXPECT_EQ(look(), Finding::fine) << "other work";
}

TEST_F(AWatchdog, BlamesNobodyForTheTimeThatItSleptItself) {
  call(1);
  now += ms(60'000);
  EXPECT_EQ(look_for(9), Finding::fine);
  slot.instance = 0;
  EXPECT_EQ(look_for(25), Finding::fine);
  EXPECT_EQ(look_for(20), Finding::stalled) << "but from then on it counts";
}

}  // namespace hyalite

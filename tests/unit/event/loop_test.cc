// SPDX-License-Identifier: MIT
#include "event/loop.h"

#include <gtest/gtest.h>

#include <string>

#include "event/timer.h"

namespace hyalite {
namespace {

struct LoopTest : testing::Test {
  std::unique_ptr<Loop> loop = *Loop::open();
  std::string story;
};

using TheLoop = LoopTest;

TEST_F(TheLoop, EndsWhenNothingCouldWakeIt) {
  loop->run();
  EXPECT_FALSE(loop->run_once());
}

TEST_F(TheLoop, RunsWhatWasPostedInOrderAndNeverInsidePost) {
  loop->post([&] {
    story += "a";
    loop->post([&] { story += "c"; });
    story += "b";
  });
  EXPECT_EQ(story, "");
  loop->run();
  EXPECT_EQ(story, "abc");
}

TEST_F(TheLoop, StopsAfterTheCurrentPass) {
  loop->post([&] {
    loop->stop();
    loop->post([&] { story += "late"; });
  });
  loop->post([&] { story += "same pass "; });
  loop->run();
  EXPECT_EQ(story, "same pass ");
  loop->run();
  EXPECT_EQ(story, "same pass late");
}

TEST_F(TheLoop, GivesEachAskerOneTurnPerPass) {
  int left = 3;
  Turn* again = nullptr;
  auto greedy = [&] {
    story += "g";
    if (--left > 0) again->ask();
  };
  auto modest = [&] { story += "m"; };
  Turn a(*loop, Callback<>::of(greedy)), b(*loop, Callback<>::of(modest));
  again = &a;
  a.ask();
  a.ask();
  b.ask();
  loop->run();
  EXPECT_EQ(story, "gmgg");
}

TEST_F(TheLoop, ForgetsATurnThatIsCancelledOrDestroyedByAnother) {
  std::unique_ptr<Turn> second;
  auto killer = [&] { second.reset(); };
  auto victim = [&] { story += "never"; };
  Turn first(*loop, Callback<>::of(killer));
  second = std::make_unique<Turn>(*loop, Callback<>::of(victim));
  first.ask();
  second->ask();
  Turn third(*loop, Callback<>::of(victim));
  third.ask();
  third.cancel();
  loop->run();
  EXPECT_EQ(story, "");
}

TEST_F(TheLoop, HasOneTimeForAllEventsOfAPass) {
  Monotonic a, b;
  loop->post([&] { a = loop->now(); });
  loop->post([&] {
    while (std::chrono::steady_clock::now() == a) {
    }
    b = loop->now();
  });
  loop->run();
  EXPECT_EQ(a, b);
  EXPECT_GT(loop->now(), b);
}

TEST_F(TheLoop, CallsATimerOnceAndLater) {
  auto fired = [&] { story += "t"; };
  Timer timer(*loop, Callback<>::of(fired));
  timer.start(Milliseconds{0});
  EXPECT_EQ(story, "");
  EXPECT_TRUE(timer.running());
  loop->run();
  EXPECT_EQ(story, "t");
  EXPECT_FALSE(timer.running());
}

TEST_F(TheLoop, LetsATimerStartItselfAgainAndStop) {
  Timer* self = nullptr;
  auto fired = [&] {
    story += "t";
    if (story.size() < 3) self->start(Milliseconds{1});
  };
  Timer timer(*loop, Callback<>::of(fired)), never(*loop, Callback<>::of(fired));
  self = &timer;
  timer.start(Milliseconds{1});
  never.start(Seconds{3600});
  never.stop();
  loop->run();
  EXPECT_EQ(story, "ttt");
}

TEST_F(TheLoop, TicksUntilTheTickerIsDestroyed) {
  std::unique_ptr<Ticker> ticker;
  auto tick = [&] {
    story += "t";
    if (story.size() == 3) ticker.reset();
  };
  ticker = std::make_unique<Ticker>(*loop, Milliseconds{1}, Callback<>::of(tick));
  loop->run();
  EXPECT_EQ(story, "ttt");
}

}  // namespace
}  // namespace hyalite

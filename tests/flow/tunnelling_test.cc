// SPDX-License-Identifier: MIT
#include "flow/tunnelling.h"

#include <gtest/gtest.h>

#include "tests/support/playbook.h"

namespace hyalite {
namespace {

struct TunnellingTalk : ::testing::Test {
  ManualClock clock;
  Playbook talk(bool connected = false) {
    return Playbook(std::make_unique<Tunnelling>(Uninspected::other, Seconds{60}, clock), connected);
  }
};

TEST_F(TunnellingTalk, HoldsTheClientsBytesUntilItIsConnected) {
  Playbook t = talk();
  EXPECT_TRUE(t.connecting());
  t.client("hello");
  EXPECT_EQ(t.sent(Side::upstream), "");
  t.connected();
  EXPECT_EQ(t.sent(Side::upstream), "hello");
}

TEST_F(TunnellingTalk, PassesEveryByteBothWays) {
  Playbook t = talk(true);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  t.client(all).upstream(all);
  EXPECT_EQ(t.sent(Side::upstream), all);
  EXPECT_EQ(t.sent(Side::client), all);
}

TEST_F(TunnellingTalk, LetsOneSideEndWhileTheOtherGoesOn) {
  Playbook t = talk(true);
  t.ends(Side::client);
  EXPECT_TRUE(t.ended(Side::upstream));
  EXPECT_TRUE(t.going());
  t.upstream("late");
  EXPECT_EQ(t.sent(Side::client), "late");
  t.ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
}

TEST_F(TunnellingTalk, PassesAResetOn) {
  Playbook t = talk(true);
  t.breaks(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::reset);
}

TEST_F(TunnellingTalk, EndsWhenNothingMovesForTooLong) {
  Playbook t = talk(true);
  clock.advance(Seconds{59});
  t.client("x");
  EXPECT_EQ(t.stage().deadline(), clock.now() + Seconds{60});
  t.deadline();
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::tunnel_timed_out);
}

}  // namespace
}  // namespace hyalite

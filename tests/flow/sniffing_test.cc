// SPDX-License-Identifier: MIT
#include "flow/sniffing.h"

#include <gtest/gtest.h>

#include "tests/support/playbook.h"

namespace hyalite {
namespace {

using Found = Sniffed::Found;

struct SniffingTalk : ::testing::Test {
  ManualClock clock;
  SniffingLimits limits;
  Playbook talk() { return Playbook(std::make_unique<Sniffing>(limits, clock)); }
};

TEST_F(SniffingTalk, LeavesTheFirstBytesToTheNextStage) {
  Playbook t = talk();
  t.drips(Side::client, "GET /");
  ASSERT_TRUE(t.said<Sniffed>());
  EXPECT_EQ(t.said<Sniffed>()->found, Found::http1);
  EXPECT_EQ(t.unread(Side::client), "GET /");
}

TEST_F(SniffingTalk, ConnectsUpstreamWhenTheClientIsSilent) {
  Playbook t = talk();
  EXPECT_FALSE(t.connecting());
  EXPECT_EQ(t.stage().deadline(), clock.now() + limits.silence);
  t.deadline();
  EXPECT_TRUE(t.connecting());
  t.connected().upstream("220 mail.example ESMTP\r\n");
  ASSERT_TRUE(t.said<Sniffed>());
  EXPECT_EQ(t.said<Sniffed>()->found, Found::server_first);
  EXPECT_EQ(t.unread(Side::upstream), "220 mail.example ESMTP\r\n");
}

TEST_F(SniffingTalk, ConnectsAtOnceWhereServersSpeakFirst) {
  limits.server_first = true;
  EXPECT_TRUE(talk().connecting());
}

TEST_F(SniffingTalk, NeverTunnelsARequestThatIsSplitAndSlow) {
  Playbook t = talk();
  t.client("GE").deadline();
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::undecided);
}

// Else a line without end, byte by byte, would cost the square of its length. Looked at again, these would decide.
TEST_F(SniffingTalk, LooksAtEachByteOnce) {
  Sniffing stage(limits, clock);
  Effects effects;
  stage.on_start(false, effects);
  std::string line(1'000, 'a');
  for (std::size_t n = 1; n <= line.size(); ++n) {
    const Taken taken = stage.on_bytes(Side::client, Bytes(line).substr(0, n), effects);
    ASSERT_TRUE(std::holds_alternative<Stay>(taken.outcome)) << n;
    line[n - 1] = '\x01';
  }
}

TEST_F(SniffingTalk, PassesWhatIsUndecidedOnlyWhenToldSo) {
  limits.pass_undecided = true;
  Playbook t = talk();
  t.client("GE").deadline();
  ASSERT_TRUE(t.said<Sniffed>());
  EXPECT_EQ(t.said<Sniffed>()->found, Found::other);
}

TEST_F(SniffingTalk, TakesAServerThatAnswersUnaskedForHttp) {
  Playbook t = talk();
  t.deadline().connected().upstream("HTTP/1.1 408 Request Timeout\r\n");
  ASSERT_TRUE(t.said<Sniffed>());
  EXPECT_EQ(t.said<Sniffed>()->found, Found::http1);
}

TEST_F(SniffingTalk, LetsASilentClientThatEndedHearItsServer) {
  Playbook t = talk();
  t.ends(Side::client);
  ASSERT_TRUE(t.said<Sniffed>());
  EXPECT_EQ(t.said<Sniffed>()->found, Found::other);
}

TEST_F(SniffingTalk, TakesAWordThatEndsTheClientForWhatItIs) {
  for (const char* word : {"ping", "GET", "PRI", "\r\n", "\x16"}) {
    Playbook t = talk();
    t.client(word).ends(Side::client);
    ASSERT_TRUE(t.said<Sniffed>()) << word;
    EXPECT_EQ(t.said<Sniffed>()->found, Found::other);
  }
}

TEST_F(SniffingTalk, MirrorsARefusedConnectionAsAReset) {
  Playbook t = talk();
  t.deadline().connect_fails(ConnectFailure::refused);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::connect_refused);
  EXPECT_EQ(t.said<Close>()->client, Ending::reset);
}

}  // namespace
}  // namespace hyalite

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

TEST_F(TunnellingTalk, IsCutWhenItsFirstLineTurnsOutToBeARequest) {
  for (bool drip : {false, true}) {
    Playbook t = talk(true);
    const std::string request = "\r\nG\x01T /secret hTTp/1.1\r\nHost: x\r\n\r\n";
    drip ? t.drips(Side::client, request) : t.client(request);
    ASSERT_TRUE(t.said<Close>());
    EXPECT_EQ(t.said<Close>()->reason, CloseReason::request_refused);
    EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
    EXPECT_EQ(t.sent(Side::upstream), drip ? "\r\nG\x01T /secret hTTp" : "");
  }
}

TEST_F(TunnellingTalk, IsCutWhenItsFirstWordIsAMethodLessControlCharacters) {
  for (const char* request : {"\x01GET /secret\r\n", "g\x01" "e\x7ft \x02/\r\n", "\x16\x03PO\x01ST\t/", "\x01GET\r/x\n"}) {
    for (Uninspected why : {Uninspected::other, Uninspected::tls}) {
      for (bool drip : {false, true}) {
        Playbook t(std::make_unique<Tunnelling>(why, Seconds{60}, clock), true);
        drip ? t.drips(Side::client, request) : t.client(request);
        ASSERT_TRUE(t.said<Close>()) << request;
        EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
        EXPECT_EQ(t.sent(Side::upstream).find('/'), std::string::npos);
      }
    }
  }
}

// Python's str.split() and Java's Character.isWhitespace() end a word at more than RFC 9112 does, and some servers skip all that is below a space.
TEST_F(TunnellingTalk, IsCutWhenSomeServersReadARequest) {
  for (const char* request : {"GET\x1c/secret\r\n", "GET\xa0/secret\r\n", "\x85PUT\x85\xa0/x\n", "\x01\r\nGET /secret\r\n", "\x01\x02 \n\x7fGET /x\n", "\x02 GET /x\n", "GET\x1f\x02\x0b/x\n"}) {
    for (bool drip : {false, true}) {
      Playbook t = talk(true);
      drip ? t.drips(Side::client, request) : t.client(request);
      ASSERT_TRUE(t.said<Close>()) << request;
      EXPECT_EQ(t.sent(Side::upstream).find('/'), std::string::npos);
    }
  }
}

// What is spliced nobody looks at.
TEST_F(TunnellingTalk, PassesUnseenOnlyOnceNoRequestCanFollow) {
  Playbook t = talk(true);
  t.client("GET\x1f/" + std::string(40'000, '?'));
  EXPECT_TRUE(t.said<Close>());
  Playbook slow = talk(true);
  slow.client("\x01" + std::string(40'000, 'A'));
  EXPECT_EQ(slow.stage().passes_unseen(Side::client), 0u);
  Playbook cut = talk(true);
  cut.client("\x01" + std::string(40'000, 'A')).client(" HTTP/1.1");
  EXPECT_TRUE(cut.said<Close>());
  slow.client("\n");
  EXPECT_EQ(slow.stage().passes_unseen(Side::client), UINT64_MAX);
  EXPECT_EQ(slow.stage().passes_unseen(Side::upstream), 0u);
}

TEST_F(TunnellingTalk, IsNoRequestForAMethodAloneNorForAWordThatIsNone) {
  for (const char* words : {"\x01GET\r\n", "GET \r\n/ x", "\x01GETS /x\n", "PUT\x9f /x\n", "GET\x1fkey\x1f\x01value\n", "SUBSCRIBE\x01topic\n", "\x01 okhttp/4\n", "0033git-upload-pack /GET /x\n"}) {
    Playbook t = talk(true);
    EXPECT_TRUE(t.client(words).going()) << words;
    EXPECT_EQ(t.sent(Side::upstream), words);
  }
  // A ClientHello that offers HTTP/1.1.
  Playbook tls(std::make_unique<Tunnelling>(Uninspected::tls, Seconds{60}, clock), true);
  EXPECT_TRUE(tls.client("\x16\x03\x01 GETS \x08http/1.1\n").going());
}

TEST_F(TunnellingTalk, IsNoRequestBehindItsFirstLineOrOnceTheServerAnswered) {
  Playbook lines = talk(true);
  lines.client("\x01 hhttp\nGET / HTTP/1.1\r\n");
  EXPECT_TRUE(lines.going());
  Playbook socks = talk(true);
  socks.client("\x05\x01").upstream("\x05").client("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(socks.going());
  Playbook named(std::make_unique<Tunnelling>(Uninspected::upgrade, Seconds{60}, clock), true);
  named.client("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(named.going());
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

TEST_F(TunnellingTalk, DoesNotStandStillWhileSomeOfWhatWaitedLeaves) {
  Playbook t = talk(true);
  t.upstream("x");
  clock.advance(Seconds{59});
  t.stage().on_sent(Side::client);
  EXPECT_EQ(t.stage().deadline(), clock.now() + Seconds{60});
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

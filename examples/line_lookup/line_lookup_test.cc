// SPDX-License-Identifier: MIT
#include "examples_test.h"

namespace {

using namespace std::chrono_literals;

constexpr char kServices[] = "services: [ { name: line-up, protocol: tcp, address: \"127.0.0.1:7000\" } ]\n";

Plugin line_lookup() { return example("line_lookup", "within_ms: 500", "on_failure: closed"); }
std::string ask(const std::string& host) { return request("GET", "/", {{"Host", host}}); }

TEST(LineLookup, AsksOverOneConnectionAndHearsAnswersInAnyPieces) {
  Bench bench(line_lookup(), kServices);
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk good(bench), bad(bench), odd(bench);
  good.client(ask("good.example"));
  bad.client(ask("bad.example"));
  odd.client(ask("odd.example"));
  ASSERT_EQ(bench.peers().size(), 1u);
  const Peer peer = bench.peers()[0];
  EXPECT_EQ(peer.heard(), "good.example\nbad.example\nodd.example\n");
  peer.say("allow\nblo");
  EXPECT_TRUE(good.to_upstream(0).exists());
  EXPECT_FALSE(bad.to_client(0).exists());
  peer.say("ck\nwhat?\n");
  EXPECT_EQ(bad.to_client(0).status, 403u);
  EXPECT_EQ(odd.to_client(0).status, 503u);
}

TEST(LineLookup, ALostServiceFailsWhatWaitsAndIsAskedAgain) {
  Bench bench(line_lookup(), kServices);
  bench.service_is_gone("line-up");
  Talk nobody(bench);
  nobody.client(ask("a.example"));
  EXPECT_EQ(nobody.to_client(0).status, 503u);
  bench.service_is_gone("line-up", false);
  Talk broken(bench), late(bench);
  broken.client(ask("b.example"));
  bench.peers()[1].break_off();
  EXPECT_EQ(broken.to_client(0).status, 503u);
  late.client(ask("c.example"));
  bench.advance(500ms);
  EXPECT_EQ(late.to_client(0).status, 503u);
  bench.service("line-up", [](const Peer& peer, std::string_view fresh) {
    if (!fresh.empty()) peer.say("allow\n");
  });
  // The answer to the late question comes first, and is nobody's any more.
  bench.peers()[2].say("block\n");
  Talk fine(bench);
  fine.client(ask("d.example"));
  EXPECT_TRUE(fine.to_upstream(0).exists());
  EXPECT_EQ(bench.peers().size(), 3u);
}

TEST(LineLookup, AServiceThatEndsGetsItsRestAndIsConnectedToAnew) {
  Bench bench(line_lookup(), kServices);
  Talk first(bench);
  first.client(ask("a.example"));
  const Peer peer = bench.peers()[0];
  peer.say("allow\n");
  peer.end();
  EXPECT_TRUE(peer.plugin_ended());
  EXPECT_FALSE(peer.is_open());
  Talk second(bench);
  second.client(ask("b.example"));
  EXPECT_EQ(bench.peers().size(), 2u);
  EXPECT_EQ(bench.complaints(), "");
}

TEST(LineLookup, AnswersThatNobodyAskedForEndTheConnection) {
  Bench bench(line_lookup(), kServices);
  Talk first(bench);
  first.client(ask("a.example"));
  bench.peers()[0].say("allow\nallow\n");
  EXPECT_FALSE(bench.peers()[0].is_open());
}

TEST(LineLookup, AServiceThatReadsNothingFailsQuestionsAtOnce) {
  Bench bench(line_lookup(), std::string(kServices) + "limits: { plugin_channel_bytes: 1KiB }\n");
  Talk first(bench);
  first.client(ask("a.example"));
  bench.peers()[0].pause_reading();
  for (int i = 0; i < 5; ++i) {
    Talk waiting(bench);
    waiting.client(ask(std::string(240, 'a') + ".example"));
    EXPECT_EQ(waiting.to_client(0).status == 503u, i == 4) << i;
    if (i < 4) bench.advance(1ms);
  }
}

}  // namespace

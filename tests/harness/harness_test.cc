// The harness as third parties use it: <hyalite/testing.hpp> and the shared library, nothing of core.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <hyalite/testing.hpp>

using namespace hyalite::testing;
using namespace std::chrono_literals;

namespace {

const std::string kPlugins = PLUGIN_DIR "/", kBad = BAD_PLUGIN_DIR "/";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Harness, DrivesAPluginThroughTheRealEngine) {
  Bench bench(Plugin{kPlugins + "hello_plugin.so", "greeting: hi"});
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk talk(bench);
  EXPECT_FALSE(talk.upstream("too early"));
  talk.client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n");
  EXPECT_EQ(talk.to_upstream(), "GET /x HTTP/1.1\r\nHost: h.example\r\nX-Hello: hi\r\n\r\n");
  EXPECT_EQ(talk.to_upstream(0).header("x-hello"), "hi");
  EXPECT_EQ(talk.connected_to(), "198.51.100.1:80");
  talk.upstream(response(200, "hello\n"));
  EXPECT_EQ(talk.to_client(0).content, "hello\n");
  EXPECT_FALSE(talk.to_client(1).exists());
  ASSERT_EQ(talk.ended().size(), 1u);
  EXPECT_EQ(talk.ended()[0].status, 200u);
  EXPECT_EQ(bench.count("hello_greeted_total"), 1);
  EXPECT_EQ(bench.count("no_such_total"), -1);
  EXPECT_FALSE(talk.over());
  talk.client_ends();
  EXPECT_EQ(talk.reason(), "client_left");
  EXPECT_EQ(bench.complaints(), "");
}

TEST(Harness, TellsWhyAPluginDoesNotLoad) {
  EXPECT_TRUE(has(Bench(Plugin{kBad + "missing_note.so"}).mistakes(), "missing_note.so"));
  const Bench wrong(Plugin{kPlugins + "hello_plugin.so", "greting: hi"});
  EXPECT_FALSE(wrong);
  EXPECT_TRUE(has(wrong.mistakes(), "greting")) << wrong.mistakes();
  EXPECT_TRUE(has(wrong.mistakes(), "settings:")) << wrong.mistakes();
}

TEST(Harness, CutsWhatIsSaidInEveryWay) {
  Bench bench(Plugin{kPlugins + "hello_plugin.so"});
  const Script script = Script()
                            .client("POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                            .upstream(chunked_response(200, {"he", "llo"}, {{"Server", "s"}}, {{"X-Sum", "1"}}));
  const EveryWay every(bench, script);
  EXPECT_TRUE(every) << every.difference();
  EXPECT_GT(every.ways(), 100u);
  EXPECT_EQ(every.talk().to_upstream(0).content, "abc");
  EXPECT_EQ(every.talk().to_client(0).content, "hello");
  EXPECT_EQ(every.talk().to_client(0).trailers, (Headers{{"X-Sum", "1"}}));
}

// Whether the length is known, and whether the connection goes on, depends on how much has come when the head has to leave.
TEST(Harness, TakesNoFramingForADifference) {
  const std::string body(39, 'b');
  const std::string chunked = "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n27\r\n" + body + "\r\n0\r\nX-Sum: 1\r\n\r\n";
  for (const char* how : {"peek", "degrade", "skip", "reject"}) {
    Bench bench(Plugin{TEST_PLUGIN_DIR "/holds.so", std::string("how: ") + how});
    ASSERT_TRUE(bench) << bench.mistakes();
    for (const std::string& asked : {request("GET", "/"), request("POST", "/", {}, body), chunked}) {
      for (const std::string& answered : {response(200, body), chunked_response(200, {"abc", body}, {}, {{"X-Sum", "1"}})}) {
        const EveryWay every(bench, Script().client(asked).upstream(answered));
        EXPECT_TRUE(every) << how << ": " << every.difference();
      }
    }
  }
}

TEST(Harness, DoesNotComplainOfABusyMachine) {
  Bench bench(Plugin{kBad + "misbehaves.so"});
  Talk talk(bench);
  talk.client(request("GET", "/dawdle"));
  EXPECT_EQ(talk.to_upstream(0).header("X-Inspected"), "yes");
  EXPECT_EQ(bench.complaints(), "");
}

TEST(Harness, SeesAPluginThatAFragmentDeceives) {
  Bench bench(Plugin{kBad + "sees_pieces.so"});
  ASSERT_TRUE(bench) << bench.mistakes();
  const EveryWay every(bench, Script().client(request("POST", "/", {}, "a secret word")).upstream(response(204)));
  EXPECT_FALSE(every);
  EXPECT_TRUE(has(every.difference(), "cut after")) << every.difference();
}

TEST(Harness, HoldsTheClockAndAnswersTheServices) {
  const std::string services = "services: [ { name: look-up, address: \"127.0.0.1:8081\" } ]\n";
  Bench bench(Plugin{kPlugins + "url_lookup.so", "within_ms: 1000", "tested", "on_failure: closed"}, services);
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk late(bench);
  late.client(request("GET", "/slow"));
  ASSERT_EQ(bench.questions().size(), 1u);
  EXPECT_EQ(bench.questions()[0].target, "/?url=http%3A%2F%2Fh.example%2Fslow");
  EXPECT_FALSE(late.connected());
  bench.advance(999ms);
  EXPECT_FALSE(late.to_client(0).exists());
  bench.advance(1ms);
  EXPECT_EQ(late.to_client(0).status, 503u);
  EXPECT_TRUE(bench.questions().empty());

  Talk blocked(bench);
  blocked.client(request("GET", "/bad"));
  EXPECT_TRUE(bench.answer(bench.questions().at(0), {200, "block"}));
  EXPECT_EQ(blocked.to_client(0).status, 403u);
  EXPECT_EQ(blocked.ended().at(0).decided_by, "tested");
  EXPECT_EQ(blocked.ended().at(0).note("url-lookup.opinion"), "block");

  bench.service("look-up", [](const Question&) { return Answer{200, "allow"}; });
  Talk fine(bench);
  fine.client(request("GET", "/good"));
  EXPECT_EQ(fine.to_upstream(0).target, "/good");
}

TEST(Harness, PlaysServicesOverTcp) {
  Bench bench(Plugin{kPlugins + "line_lookup.so", "within_ms: 1000", "tested", "on_failure: closed"},
              "services: [ { name: line-up, protocol: tcp, address: \"127.0.0.1:7000\", idle: 2s, connections: 1 } ]\n");
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk blocked(bench), waiting(bench);
  blocked.client(request("GET", "/"));
  ASSERT_EQ(bench.peers().size(), 1u);
  const Peer peer = bench.peers()[0];
  EXPECT_EQ(peer.heard(), "h.example\n");
  EXPECT_TRUE(peer.say("block\n"));
  EXPECT_EQ(blocked.to_client(0).status, 403u);
  waiting.client(request("GET", "/"));
  EXPECT_TRUE(peer.break_off());
  EXPECT_FALSE(peer.say("too late"));
  EXPECT_EQ(waiting.to_client(0).status, 503u);
  // Whoever says nothing for so long is left.
  Talk last(bench);
  last.client(request("GET", "/"));
  EXPECT_TRUE(bench.peers().at(1).is_open());
  bench.advance(2s);
  EXPECT_FALSE(bench.peers().at(1).is_open());
  bench.service_is_gone("line-up");
  Talk nobody(bench);
  nobody.client(request("GET", "/"));
  EXPECT_EQ(nobody.to_client(0).status, 503u);
}

TEST(Harness, PlaysFailingPeers) {
  Bench bench(Plugin{kPlugins + "hello_plugin.so"});
  Client client;
  client.upstream = HYALITE_UPSTREAM_REFUSES;
  Talk refused(bench, client);
  refused.client(request("GET", "/"));
  EXPECT_EQ(refused.reason(), "connect_refused");
  Talk broken(bench);
  broken.client(request("GET", "/"));
  broken.upstream("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  broken.upstream_breaks();
  EXPECT_TRUE(broken.client_was_reset());
  client.upstream = HYALITE_UPSTREAM_WAITS;
  Talk waiting(bench, client);
  waiting.client(request("GET", "/"));
  EXPECT_EQ(waiting.to_upstream(), "");
  waiting.let_connect();
  EXPECT_TRUE(waiting.to_upstream(0).exists());
  Talk slow(bench);
  slow.client("GET / HT");
  bench.advance(10min);
  EXPECT_EQ(slow.reason(), "head_timed_out");
}

TEST(Harness, LooksIntoTlsWithoutCryptography) {
  Bench bench(Plugin{kPlugins + "hello_plugin.so"}, "tls: { action: intercept, ca: { certificate: ca.pem, key: ca.key } }\n");
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk talk(bench);
  talk.client_hello("h.example");
  talk.client(request("GET", "/"));
  EXPECT_EQ(talk.to_upstream(0).header("X-Hello"), "hello") << talk.stage() << talk.reason();
  talk.upstream(response(200, "s"));
  EXPECT_EQ(talk.to_client(0).content, "s");
  Client client;
  client.upstream_defects = HYALITE_DEFECT_EXPIRED;
  Talk expired(bench, client);
  expired.client_hello("h.example");
  expired.client(request("GET", "/"));
  EXPECT_EQ(expired.reason(), "tls_untrusted") << expired.stage();
  EXPECT_EQ(expired.to_upstream(), "");
}

// The C++ wrapper's promise, for which it takes an exchange of the engine's.
TEST(Harness, ShowsNothingOfARequestThatNeverWasWhole) {
  Bench bench(Plugin{TEST_PLUGIN_DIR "/ends.so"});
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk talk(bench);
  talk.client(request("GET", "/x?y"));
  talk.upstream(response(200));
  EXPECT_TRUE(has(bench.log(), "ended [GET] [/x?y] [/x] [y] [h.example] 200 [Said]")) << bench.log();
  EXPECT_FALSE(has(bench.log(), "ended []")) << bench.log();
  talk.client("GET\r\n\r\n");
  EXPECT_EQ(talk.to_client(1).status, 400u);
  EXPECT_TRUE(has(bench.log(), "ended [] [] [] [] [] 0 []")) << bench.log();
  // A whole request, and no response to it.
  Client client;
  client.upstream = HYALITE_UPSTREAM_REFUSES;
  Talk refused(bench, client);
  refused.client(request("GET", "/z"));
  EXPECT_TRUE(has(bench.log(), "ended [GET] [/z] [/z] [] [h.example] 0 []")) << bench.log();
}

TEST(Harness, ShowsTheFailuresOfPlugins) {
  Bench bench(Plugin{kBad + "throws.so", "in: request_head", "tested", "on_failure: closed"});
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk talk(bench);
  talk.client(request("GET", "/"));
  EXPECT_EQ(talk.to_client(0).status, 503u);
  EXPECT_TRUE(has(bench.complaints(), "plugin.failed")) << bench.log();
}

}  // namespace

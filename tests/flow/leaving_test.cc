// What plugins held leaves as its reader takes it, and counts until then.
// SPDX-License-Identifier: MIT
#include <poll.h>

#include "tests/flow/flows_on_loopback.h"
#include "tests/flow/plugin_talk.h"

namespace hyalite {
namespace {

constexpr char kAsk[] = "GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n";
constexpr char kOkay[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
// A piece, and the head before it.
constexpr std::size_t kMostAtOnce = 65 * 1024;

struct LeavingTalk : Set, ::testing::Test {
  LeavingTalk() {
    const auto looks = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict { return HYALITE_CONTINUE; };
    script.request_body = looks;
    script.response_body = looks;
    script.request_end = [this](hyalite_exchange*) { ++request_ends; };
    script.response_end = [this](hyalite_exchange*) { ++response_ends; };
  }
  void hold(hyalite_direction direction) { script.request_head = interested(direction, wants(HYALITE_BODY_FULL)); }
  std::string answer() const { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content; }
  std::string post() const {
    return "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
  }
  std::uint64_t count(std::string_view family, std::string_view label) {
    for (const MetricSeries& series : layout.series()) {
      if (layout.families()[series.family].name == family && series.labels[0].value == label) return cells[series.first.index];
    }
    ADD_FAILURE() << "no such counter: " << family << " " << label;
    return 0;
  }
  Playbook asked() {
    Playbook t = talk();
    t.client(kAsk).connected().client_takes(false);
    EXPECT_EQ(t.sent(Side::upstream), kAsk);
    return t;
  }
  int request_ends = 0, response_ends = 0;
  std::string content = [] {
    std::string text;
    for (int i = 0; text.size() < 1'000'000; ++i) text += std::to_string(i) + ' ';
    return text;
  }();
};

TEST_F(LeavingTalk, AResponseLeavesAsTheClientTakesIt) {
  hold(HYALITE_RESPONSE);
  Playbook t = asked();
  t.upstream(answer());
  std::string got = t.sent(Side::client);
  EXPECT_GT(got.size(), 0u);
  EXPECT_LE(got.size(), kMostAtOnce);
  EXPECT_GE(chain->held_body_bytes(), content.size());
  EXPECT_EQ(response_ends, 0);
  EXPECT_FALSE(t.stage().wants(Side::upstream));
  EXPECT_FALSE(t.stage().wants(Side::client));
  t.client_takes(true);
  got += t.sent(Side::client);
  EXPECT_TRUE(got == answer());
  EXPECT_EQ(response_ends, 1);
  EXPECT_EQ(chain->held_body_bytes(), 0u);
  t.client(kAsk).upstream(kOkay);
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
  EXPECT_EQ(t.sent(Side::client), kOkay);
}

TEST_F(LeavingTalk, ARequestLeavesAsUpstreamTakesIt) {
  settings.timeouts.minimum_body_rate_bytes = 1'000'000;
  settings.timeouts.body_rate_window = Seconds{1};
  hold(HYALITE_REQUEST);
  Playbook t = talk();
  t.upstream_takes(false).client(post());
  ASSERT_TRUE(t.connecting());
  EXPECT_GE(chain->held_body_bytes(), content.size()) << "while it is being connected to";
  t.connected();
  std::string got = t.sent(Side::upstream);
  EXPECT_GT(got.size(), 0u);
  EXPECT_LE(got.size(), kMostAtOnce);
  EXPECT_GE(chain->held_body_bytes(), content.size());
  EXPECT_EQ(request_ends, 0);
  EXPECT_FALSE(t.stage().wants(Side::client));
  EXPECT_TRUE(t.stage().wants(Side::upstream));
  EXPECT_EQ(t.stage().deadline(), clock.now() + settings.timeouts.body_idle) << "it is not the client that is slow";
  t.upstream_takes(true);
  got += t.sent(Side::upstream);
  EXPECT_TRUE(got == post());
  EXPECT_EQ(request_ends, 1);
  EXPECT_EQ(chain->held_body_bytes(), 0u);
  t.upstream(kOkay);
  EXPECT_EQ(t.sent(Side::client), kOkay);
}

TEST_F(LeavingTalk, TheEndAndTheTrailersComeBehindTheLastPiece) {
  hold(HYALITE_REQUEST);
  script.request_body = replacing("oo");
  const std::string head = "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n";
  Playbook t = talk();
  t.upstream_takes(false).client(head + "186a0\r\n" + std::string(100'000, 'a') + "\r\n0\r\nX-Sum: 9\r\n\r\n").connected();
  std::string got = t.sent(Side::upstream);
  EXPECT_LE(got.size(), kMostAtOnce);
  EXPECT_GE(chain->held_body_bytes(), 200'000u);
  // Upstream may have answered before.
  t.upstream(kOkay);
  EXPECT_EQ(t.sent(Side::client), kOkay);
  EXPECT_EQ(request_ends, 0);
  t.upstream_takes(true);
  got += t.sent(Side::upstream);
  EXPECT_TRUE(got == head + "30d40\r\n" + std::string(200'000, 'o') + "\r\n0\r\nX-Sum: 9\r\n\r\n");
  EXPECT_EQ(request_ends, 1);
  t.client(kAsk);
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
}

TEST_F(LeavingTalk, AResponseThatEndedWithItsConnectionLeavesToItsEnd) {
  hold(HYALITE_RESPONSE);
  Playbook t = asked();
  t.upstream("HTTP/1.1 200 OK\r\n\r\n" + content).ends(Side::upstream);
  std::string got = t.sent(Side::client);
  EXPECT_LE(got.size(), kMostAtOnce);
  EXPECT_TRUE(t.going());
  t.client_takes(true);
  got += t.sent(Side::client);
  EXPECT_TRUE(got == "HTTP/1.1 200 OK\r\n\r\n" + content);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
}

TEST_F(LeavingTalk, WhatStandsBehindAResponseThatLeavesIsNoAnswer) {
  hold(HYALITE_RESPONSE);
  Playbook t = asked();
  t.upstream(answer() + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").client(kAsk);
  std::string got = t.sent(Side::client);
  t.client_takes(true);
  got += t.sent(Side::client);
  EXPECT_TRUE(got == answer());
  EXPECT_EQ(t.sent(Side::upstream), "") << "the second request was not sent";
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::response_refused);
}

TEST_F(LeavingTalk, WhatStandsBehindTheLastResponseIsCounted) {
  hold(HYALITE_RESPONSE);
  Playbook t = asked();
  const std::string last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
  t.upstream(last + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").client_takes(true);
  EXPECT_TRUE(t.sent(Side::client) == last);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
  EXPECT_EQ(count("hyalite_refused_responses_total", "unasked_response"), 1u);
}

// The client has said all of it: that upstream answers before it has heard it is no reason to cut it short.
TEST_F(LeavingTalk, ARequestThatCameWholeLeavesWholeBehindAnEarlyAnswer) {
  hold(HYALITE_REQUEST);
  Playbook t = talk();
  t.upstream_takes(false).client(post()).connected().drain();
  std::string got = t.sent(Side::upstream);
  t.upstream(kOkay);
  EXPECT_NE(t.sent(Side::client), "");
  EXPECT_TRUE(t.going());
  t.upstream_takes(true);
  got += t.sent(Side::upstream);
  EXPECT_TRUE(got == post());
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::in_order);
}

// A flow that closes may be waited for long.
TEST_F(LeavingTalk, NothingOfItIsHeldOnceTheFlowCloses) {
  hold(HYALITE_REQUEST);
  Playbook t = talk();
  t.upstream_takes(false).client(post()).connected();
  EXPECT_GE(t.stage().held(), content.size() - kMostAtOnce);
  t.deadline();
  ASSERT_TRUE(t.said<Close>());
  EXPECT_GE(chain->held_body_bytes(), content.size());
  t.stage().on_closing(CloseReason::body_too_slow);
  EXPECT_EQ(chain->held_body_bytes(), 0u);
  EXPECT_EQ(t.stage().held(), 0u);
}

TEST_F(LeavingTalk, WhatAPluginLetWaitLeavesInPiecesToo) {
  hold(HYALITE_RESPONSE);
  hyalite_ref ref = 0;
  script.response_body = [&](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  };
  script.resume_exchange = [](hyalite_exchange*, const hyalite_resumption*) -> hyalite_verdict { return HYALITE_CONTINUE; };
  Playbook t = asked();
  t.upstream(answer());
  EXPECT_EQ(t.sent(Side::client), "");
  ASSERT_EQ(async->resume(host, ref), HYALITE_OK);
  ASSERT_TRUE(deliver(t));
  std::string got = t.sent(Side::client);
  EXPECT_GT(got.size(), 0u);
  EXPECT_LE(got.size(), kMostAtOnce);
  EXPECT_GE(chain->held_body_bytes(), content.size());
  t.client_takes(true);
  got += t.sent(Side::client);
  EXPECT_TRUE(got == answer());
}

TEST_F(LeavingTalk, WhoDecidesWhileItLeavesCutsItShort) {
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    const auto stream = wants(HYALITE_BODY_STREAM), full = wants(HYALITE_BODY_FULL);
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &stream), HYALITE_OK);
    EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &full), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.request_body = [](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    EXPECT_EQ(http->reset(x, bytes("no")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\n").connected().client_takes(false);
  t.upstream(answer());
  EXPECT_LE(t.sent(Side::client).size(), kMostAtOnce);
  t.client("ban");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::reset);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

// A few more bytes are worth no further call.
TEST_F(LeavingTalk, WhatIsSmallLeavesAtOnce) {
  hold(HYALITE_RESPONSE);
  content.resize(60'000);
  Playbook t = asked();
  t.upstream(answer());
  EXPECT_TRUE(t.sent(Side::client) == answer());
  EXPECT_EQ(response_ends, 1);
  EXPECT_EQ(chain->held_body_bytes(), 0u);
}

// ---- over real sockets: more than the kernel takes by itself

struct LeavingOnLoopback : FlowsOnLoopback {
  void hold(hyalite_direction direction) {
    const auto looks = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict { return HYALITE_CONTINUE; };
    Script script;
    script.create = fetch_tables;
    script.request_head = interested(direction, wants(HYALITE_BODY_FULL));
    script.request_body = looks;
    script.response_body = looks;
    plugins = &scripted.add(std::move(script)).start();
    start();
  }
  void TearDown() override { flows.reset(); }
  void says(int fd, std::string_view rest) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ASSERT_TRUE(pump(*loop, [&] {
      if (const ssize_t n = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL); n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
      return rest.empty();
    }));
  }
  // Plugins have seen all of a response: its head has come to the client.
  std::pair<Fd, Fd> answered() {
    hold(HYALITE_RESPONSE);
    Fd c = client();
    EXPECT_TRUE(put(c.get(), kAsk));
    Fd s = server();
    EXPECT_TRUE(arrives(s.get(), kAsk));
    says(s.get(), answer);
    pollfd head{c.get(), POLLIN, 0};
    EXPECT_TRUE(pump(*loop, [&] { return ::poll(&head, 1, 0) == 1; }));
    return {std::move(c), std::move(s)};
  }
  // All of it was held, and its reader takes nothing.
  void expect_it_waits_and_counts() {
    for (int i = 0; i < 1'000; ++i) loop->run_once();
    EXPECT_EQ(flows->size(), 1u);
    const std::string view = flows->live_view(1);
    const std::size_t held = std::stoul(view.substr(view.find("\"held\":") + 7));
    EXPECT_GT(held, content.size() / 4);
    EXPECT_LE(held, plugins->held_body_bytes() + settings.limits.buffered_bytes_per_flow) << "the legs' own";
    EXPECT_GT(plugins->held_body_bytes(), content.size() / 4);
  }

  const std::string content = std::string(std::size_t{32} << 20, 'x');
  const std::string length = "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n";
  const std::string answer = "HTTP/1.1 200 OK\r\n" + length + content;
  ScriptedChain scripted{[] {
    ChainLimits limits;
    limits.held_body_bytes = std::size_t{64} << 20;
    return limits;
  }()};
};

TEST_F(LeavingOnLoopback, AResponseWaitsForItsReaderAndCountsUntilItIsTaken) {
  const auto [c, s] = answered();
  expect_it_waits_and_counts();
  EXPECT_TRUE(arrives(c.get(), answer));
  EXPECT_EQ(plugins->held_body_bytes(), 0u);
  ASSERT_TRUE(put(c.get(), kAsk));
  EXPECT_TRUE(arrives(s.get(), kAsk));
}

// It came while nobody looked, and lies in the kernel.
TEST_F(LeavingOnLoopback, WhatUpstreamSaidMeanwhileIsNoAnswerToWhatTheClientAsksNext) {
  const auto [c, s] = answered();
  ASSERT_TRUE(put(s.get(), kOkay));
  ASSERT_TRUE(put(c.get(), kAsk));
  EXPECT_TRUE(arrives(c.get(), answer));
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_refused_responses_total", "unasked_response"), 1u);
  EXPECT_EQ(take(s.get()), "") << "the second request was not sent";
}

TEST_F(LeavingOnLoopback, ARequestWaitsForItsReaderAndCountsUntilItIsTaken) {
  hold(HYALITE_REQUEST);
  Fd c = client();
  const std::string request = "POST / HTTP/1.1\r\nHost: x\r\n" + length + content;
  ASSERT_NO_FATAL_FAILURE(says(c.get(), request));
  const Fd s = server();
  expect_it_waits_and_counts();
  EXPECT_TRUE(arrives(s.get(), request));
  EXPECT_EQ(plugins->held_body_bytes(), 0u);
  ASSERT_TRUE(put(s.get(), kOkay));
  EXPECT_TRUE(arrives(c.get(), kOkay));
}

}  // namespace
}  // namespace hyalite

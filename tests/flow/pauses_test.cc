// Plugins that let one direction of an exchange wait: what waits, what goes on, what ends it.
// SPDX-License-Identifier: MIT
#include "tests/flow/plugin_talk.h"

namespace hyalite {
namespace {

struct PauseTalk : Set, ::testing::Test {
  PauseTalk() {
    script.resume_exchange = [this](hyalite_exchange* x, const hyalite_resumption* r) -> hyalite_verdict {
      ++resumed;
      return decide ? decide(x, r) : hyalite_verdict{HYALITE_CONTINUE};
    };
  }
  hyalite_verdict pause(hyalite_exchange* x) {
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  }
  auto pausing_head() {
    return [this](hyalite_exchange* x, const hyalite_headers*, void*) { return pause(x); };
  }
  void resume(Playbook& t) {
    ASSERT_EQ(async->resume(host, ref), HYALITE_OK);
    ASSERT_TRUE(deliver(t));
  }

  hyalite_ref ref = 0;
  int resumed = 0;
  std::function<hyalite_verdict(hyalite_exchange*, const hyalite_resumption*)> decide;
};

constexpr char kAsk[] = "GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n";
constexpr char kPost[] = "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\nbanana";
constexpr char kOkay[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(PauseTalk, ARequestWaitsUnreadAndThenGoesAsItCame) {
  script.request_head = pausing_head();
  Playbook t = talk();
  t.client(kPost);
  EXPECT_FALSE(t.connecting());
  EXPECT_FALSE(t.stage().wants(Side::client));
  EXPECT_EQ(t.unread(Side::client), "banana");
  EXPECT_FALSE(t.stage().deadline()) << "a pause has a deadline of its own";
  EXPECT_FALSE(deliver(t));
  resume(t);
  t.connected();
  EXPECT_EQ(t.sent(Side::upstream), kPost);
  t.upstream(kOkay);
  EXPECT_EQ(t.sent(Side::client), kOkay);
  EXPECT_TRUE(t.going());
}

// Not a byte of it was sent there: it is no answer to it.
TEST_F(PauseTalk, ARequestThatWaitsOutlivesAnIdleConnectionThatUpstreamCloses) {
  int asked = 0;
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    return ++asked == 1 ? hyalite_verdict{HYALITE_CONTINUE} : pause(x);
  };
  Playbook t = talk();
  t.client(kAsk).connected().upstream(kOkay);
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
  EXPECT_EQ(t.sent(Side::client), kOkay);
  for (const bool breaks : {false, true}) {
    SCOPED_TRACE(breaks);
    t.client(kPost);
    breaks ? t.breaks(Side::upstream) : t.ends(Side::upstream);
    ASSERT_TRUE(t.going());
    EXPECT_FALSE(t.stage().wants(Side::upstream));
    EXPECT_FALSE(t.connecting()) << "the plugin has not spoken yet";
    resume(t);
    ASSERT_TRUE(t.connecting());
    t.connected();
    EXPECT_EQ(t.sent(Side::upstream), kPost);
    t.upstream(kOkay);
    EXPECT_EQ(t.sent(Side::client), kOkay);
  }
}

TEST_F(PauseTalk, InsideOfATunnelThereIsNoOtherConnectionForIt) {
  script.request_head = pausing_head();
  talk();
  http_file->within_connect = true;
  Playbook t(std::make_unique<Inspecting>(*needs, *http_file), true);
  t.client(kAsk).ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_left);
}

TEST_F(PauseTalk, WhatIsDecidedAfterwardsIsDecided) {
  script.request_head = pausing_head();
  decide = [](hyalite_exchange* x, const hyalite_resumption*) -> hyalite_verdict {
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 403;
    EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client(kAsk);
  resume(t);
  EXPECT_EQ(t.sent(Side::client).substr(0, 12), "HTTP/1.1 403");
  EXPECT_FALSE(t.connecting());
  EXPECT_TRUE(t.going()) << "and the connection goes on";
}

TEST_F(PauseTalk, AtTheDeadlineTheRequestGoesOnWithoutThePlugin) {
  script.request_head = pausing_head();
  Playbook t = talk();
  t.client(kAsk);
  scripted.clock.advance(Seconds{1});
  ASSERT_TRUE(deliver(t));
  EXPECT_TRUE(t.connecting());
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
}

TEST_F(PauseTalk, TheHeadOfAResponseWaitsWhileTheRequestGoesOn) {
  script.response_head = [this](hyalite_exchange* x, const hyalite_headers*) { return pause(x); };
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\nban").connected();
  t.upstream(kOkay);
  EXPECT_EQ(t.sent(Side::client), "");
  EXPECT_FALSE(t.stage().wants(Side::upstream));
  EXPECT_TRUE(t.stage().wants(Side::client));
  t.client("ana");
  EXPECT_NE(t.sent(Side::upstream).find("banana"), std::string::npos);
  resume(t);
  EXPECT_EQ(t.sent(Side::client), kOkay);
  t.client(kAsk);
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
}

TEST_F(PauseTalk, ABodyWaitsAndIsShownAgain) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM));
  std::vector<std::string> shown;
  script.request_body = [&](hyalite_exchange* x, hyalite_window* w, const hyalite_window_view* view) -> hyalite_verdict {
    shown.emplace_back(view->segments[0].data, view->segments[0].size);
    EXPECT_EQ(body->drop(w, view->length), HYALITE_OK) << "undone by the pause";
    return pause(x);
  };
  decide = [&](hyalite_exchange*, const hyalite_resumption* r) -> hyalite_verdict {
    EXPECT_EQ(r->hook, static_cast<std::uint32_t>(HYALITE_HOOK_REQUEST_BODY));
    shown.emplace_back(r->view->segments[0].data, r->view->segments[0].size);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\n").connected();
  t.sent(Side::upstream);
  t.client("ban");
  t.client("ana");
  EXPECT_EQ(t.sent(Side::upstream), "");
  resume(t);
  EXPECT_EQ(t.sent(Side::upstream), "ban");
  resume(t);
  EXPECT_EQ(t.sent(Side::upstream), "ana");
  EXPECT_EQ(shown, (std::vector<std::string>{"ban", "ban", "ana", "ana"}));
  t.upstream(kOkay);
  EXPECT_EQ(t.sent(Side::client), kOkay);
}

TEST_F(PauseTalk, AResponseThatEndedWithItsConnectionWaitsToo) {
  script.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_FULL));
  script.response_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) { return pause(x); };
  decide = [](hyalite_exchange*, const hyalite_resumption* r) { return replacing("o")(nullptr, r->window, r->view); };
  Playbook t = talk();
  t.client(kAsk).connected();
  t.upstream("HTTP/1.1 200 OK\r\n\r\nbanana").ends(Side::upstream);
  EXPECT_TRUE(t.going());
  EXPECT_EQ(t.sent(Side::client), "");
  resume(t);
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbonono");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
}

// What the server said while the end of its response waited may not become the answer to the next request.
TEST_F(PauseTalk, WhatStandsBehindAResponseThatWaitedIsNoAnswer) {
  script.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_STREAM));
  script.response_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) { return pause(x); };
  Playbook t = talk();
  t.client(std::string(kAsk) + kAsk).connected();
  t.upstream(std::string(kOkay) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  resume(t);
  EXPECT_EQ(t.sent(Side::client), kOkay);
  EXPECT_EQ(t.sent(Side::upstream), kAsk) << "the second request was not sent";
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::response_refused);
}

TEST_F(PauseTalk, AClientThatIsGoneEndsTheWait) {
  script.request_head = pausing_head();
  int ends = 0;
  script.exchange_end = [&](hyalite_exchange*, const hyalite_exchange_summary* s) {
    ++ends;
    EXPECT_EQ(s->end, static_cast<std::uint32_t>(HYALITE_END_CLIENT_GONE));
  };
  Playbook t = talk();
  t.client(kAsk);
  t.breaks(Side::client);
  ASSERT_TRUE(t.said<Close>());
  t.stage().on_closing(t.said<Close>()->reason);
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  scripted.clock.advance(Seconds{10});
  EXPECT_FALSE(deliver(t));
  EXPECT_EQ(resumed, 0);
}

TEST_F(PauseTalk, WhoWaitsWhenTheWorkerDrainsIsServedFirst) {
  script.request_head = pausing_head();
  Playbook t = talk();
  t.client(kAsk);
  t.drain();
  EXPECT_TRUE(t.going());
  resume(t);
  t.connected().upstream(kOkay);
  EXPECT_NE(t.sent(Side::client).find("Connection: close"), std::string::npos);
  EXPECT_TRUE(t.said<Close>());
}

TEST_F(PauseTalk, TimeThatAPluginTakesIsNotTheClients) {
  settings.timeouts.minimum_body_rate_bytes = 1'000;
  settings.timeouts.body_rate_window = Seconds{1};
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM));
  script.request_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) { return pause(x); };
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\n").connected();
  const Monotonic before = *t.stage().deadline();
  t.client("ban");
  clock.advance(Seconds{30});
  resume(t);
  EXPECT_EQ(*t.stage().deadline(), before + Seconds{30});
}

// A plugin may have waited in upstream_connect, too.
TEST_F(PauseTalk, TimeUntilUpstreamIsThereIsNotTheClients) {
  settings.timeouts.minimum_body_rate_bytes = 1'000;
  settings.timeouts.body_rate_window = Seconds{1};
  std::int64_t connected = 0;
  script.exchange_end = [&](hyalite_exchange*, const hyalite_exchange_summary* s) { connected = s->connected; };
  Playbook t = talk();
  const Monotonic began = clock.now();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\n");
  EXPECT_FALSE(t.stage().deadline());
  clock.advance(Seconds{61});
  t.connected();
  EXPECT_EQ(*t.stage().deadline(), began + Seconds{61} + settings.timeouts.body_rate_window);
  t.client("banana").upstream(kOkay);
  EXPECT_EQ(connected, 61'000'000'000) << "it is still known how long it took";
}

TEST_F(PauseTalk, TimeUntilUpstreamIsThereIsNotUpstreamsEither) {
  Playbook t = talk();
  t.client(kAsk);
  clock.advance(Seconds{61});
  t.connected();
  EXPECT_EQ(*t.stage().deadline(), clock.now() + settings.timeouts.response_head);
}

TEST_F(PauseTalk, WhoTapsCannotWait) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_TAP));
  script.request_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    const hyalite_pause_options options{sizeof options, 0, 1'000};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_E_LATE);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kPost).connected();
  EXPECT_EQ(t.sent(Side::upstream), kPost);
}

}  // namespace
}  // namespace hyalite

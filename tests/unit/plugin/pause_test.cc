// Plugins that let something wait: the run stands still, and goes on where it stood.
// SPDX-License-Identifier: MIT
#include <thread>

#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

struct Wakes final : Waker {
  int times = 0;
  void on_wake() override { ++times; }
};

struct PauseSet {
  PauseSet() {
    script.create = [this](const hyalite_host* h) {
      host = h;
      async = static_cast<const hyalite_host_async*>(h->get_interface(h, HYALITE_HOST_ASYNC_ID));
      http = static_cast<const hyalite_host_http*>(h->get_interface(h, HYALITE_HOST_HTTP_ID));
      return HYALITE_OK;
    };
    script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) { return pause(x); };
    script.resume_exchange = [this](hyalite_exchange*, const hyalite_resumption* r) -> hyalite_verdict {
      heard.push_back(r->status);
      hooks.push_back(r->hook);
      EXPECT_EQ(r->pause, ref);
      return HYALITE_CONTINUE;
    };
  }
  hyalite_verdict pause(hyalite_exchange* x) {
    const hyalite_pause_options options{sizeof options, on_deadline, within};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  }
  Chain& start(FailurePolicy policy = FailurePolicy::open) {
    scripted.add(std::move(script), policy);
    Script behind;
    behind.request_head = [this](hyalite_exchange*, const hyalite_headers*, void*) -> hyalite_verdict {
      ++asked_behind;
      return HYALITE_CONTINUE;
    };
    return scripted.add(std::move(behind)).start();
  }

  ScriptedChain scripted;
  Script script;
  const hyalite_host* host = nullptr;
  const hyalite_host_async* async = nullptr;
  const hyalite_host_http* http = nullptr;
  hyalite_ref ref = 0;
  std::int64_t within = 1'000'000'000;
  std::uint32_t on_deadline = HYALITE_DEADLINE_FAILS;
  std::vector<hyalite_status> heard;
  std::vector<std::uint32_t> hooks;
  int asked_behind = 0;
};

struct Pausing : PauseSet, ::testing::Test {};

TEST_F(Pausing, TheRunStandsStillAndGoesOnWhereItStood) {
  Chain& chain = start();
  HookTalk talk(chain);
  Wakes wakes;
  talk.flow.waker = &wakes;
  EXPECT_EQ(talk.request(kGet), Answer::paused);
  EXPECT_EQ(asked_behind, 0);
  EXPECT_EQ(chain.resume(talk.exchange, Lane::request), Answer::paused) << "nobody resumed it";
  EXPECT_EQ(async->resume(host, ref), HYALITE_OK);
  EXPECT_TRUE(heard.empty()) << "resuming decides nothing";
  EXPECT_EQ(wakes.times, 0);
  scripted.deliver();
  EXPECT_EQ(wakes.times, 1);
  EXPECT_EQ(chain.resume(talk.exchange, Lane::request), Answer::go_on);
  EXPECT_EQ(heard, std::vector<hyalite_status>{HYALITE_OK});
  EXPECT_EQ(hooks, std::vector<std::uint32_t>{HYALITE_HOOK_REQUEST_HEAD});
  EXPECT_EQ(asked_behind, 1);
  EXPECT_EQ(scripted.count("hyalite_plugin_pauses_total", "p0"), 1u);
  EXPECT_EQ(scripted.count("hyalite_plugin_misuses_total", "p0"), 0u);
}

TEST_F(Pausing, ResumingTwiceOrLateOrByAnotherIsStale) {
  const hyalite_host* other = nullptr;
  Script second;
  second.create = [&](const hyalite_host* h) { return other = h, HYALITE_OK; };
  scripted.add(std::move(script)).add(std::move(second));
  Chain& chain = scripted.start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::paused);
  EXPECT_EQ(async->resume(other, ref), HYALITE_E_STALE);
  EXPECT_EQ(async->resume(host, ref + 1), HYALITE_E_STALE);
  EXPECT_EQ(async->resume(host, 0), HYALITE_E_STALE);
  EXPECT_EQ(async->resume(host, ~hyalite_ref{0}), HYALITE_E_STALE);
  EXPECT_EQ(async->resume(host, ref), HYALITE_OK);
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  scripted.deliver();
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  EXPECT_EQ(chain.resume(talk.exchange, Lane::request), Answer::go_on);
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(Pausing, ResumedInsideTheVeryHookItIsHeardLater) {
  script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) {
    pause(x);
    EXPECT_EQ(async->resume(host, ref), HYALITE_OK);
    EXPECT_TRUE(heard.empty());
    return HYALITE_PAUSE;
  };
  Chain& chain = start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::paused);
  EXPECT_TRUE(scripted.bell.rung);
  scripted.deliver();
  EXPECT_EQ(chain.resume(talk.exchange, Lane::request), Answer::go_on);
  EXPECT_EQ(heard, std::vector<hyalite_status>{HYALITE_OK});
}

TEST_F(Pausing, ResumedFromAnotherThread) {
  Chain& chain = start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::paused);
  scripted.bell.rung = false;
  std::thread([this] { EXPECT_EQ(async->resume(host, ref), HYALITE_OK); }).join();
  EXPECT_TRUE(scripted.bell.rung);
  scripted.deliver();
  EXPECT_EQ(chain.resume(talk.exchange, Lane::request), Answer::go_on);
}

TEST_F(Pausing, AtTheDeadlineTheFailurePolicyDecides) {
  for (const FailurePolicy policy : {FailurePolicy::open, FailurePolicy::closed}) {
    PauseSet set;
    Chain& chain = set.start(policy);
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::paused);
    set.scripted.clock.advance(Milliseconds{999});
    set.scripted.deliver();
    EXPECT_FALSE(talk.exchange.pause(Lane::request).ready());
    set.scripted.clock.advance(Milliseconds{1});
    set.scripted.deliver();
    ASSERT_TRUE(talk.exchange.pause(Lane::request).ready());
    const bool open = policy == FailurePolicy::open;
    EXPECT_EQ(chain.resume(talk.exchange, Lane::request), open ? Answer::go_on : Answer::decided);
    EXPECT_EQ(set.heard, std::vector<hyalite_status>{HYALITE_E_TIMED_OUT});
    EXPECT_EQ(set.asked_behind, open ? 1 : 0);
    if (!open) {
      EXPECT_EQ(std::get<Respond>(talk.exchange.decision().what).status, 503u);
    }
    EXPECT_EQ(set.scripted.count("hyalite_plugin_late_pauses_total", "p0"), 1u);
    EXPECT_EQ(set.scripted.count("hyalite_plugin_errors_total", "p0"), 1u);
  }
}

TEST_F(Pausing, AtTheDeadlineItIsAskedWhenItWantedToBe) {
  on_deadline = HYALITE_DEADLINE_ASKS;
  script.resume_exchange = [this](hyalite_exchange* x, const hyalite_resumption* r) -> hyalite_verdict {
    EXPECT_EQ(r->status, HYALITE_E_TIMED_OUT);
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 504;
    EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Chain& chain = start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::paused);
  scripted.clock.advance(Milliseconds{1000});
  scripted.deliver();
  EXPECT_EQ(chain.resume(talk.exchange, Lane::request), Answer::decided);
  EXPECT_EQ(std::get<Respond>(talk.exchange.decision().what).status, 504u);
  EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 0u);
}

TEST_F(Pausing, ItMayPauseAgain) {
  int left = 2;
  script.resume_exchange = [&](hyalite_exchange* x, const hyalite_resumption*) -> hyalite_verdict {
    if (left-- == 0) return HYALITE_CONTINUE;
    const hyalite_ref old = ref;
    pause(x);
    EXPECT_NE(ref, old);
    EXPECT_EQ(async->resume(host, old), HYALITE_E_STALE);
    return HYALITE_PAUSE;
  };
  Chain& chain = start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::paused);
  for (const Answer expected : {Answer::paused, Answer::paused, Answer::go_on}) {
    EXPECT_EQ(async->resume(host, ref), HYALITE_OK);
    scripted.deliver();
    EXPECT_EQ(chain.resume(talk.exchange, Lane::request), expected);
  }
  EXPECT_EQ(asked_behind, 1);
}

TEST_F(Pausing, AnEndWhilePausedIsTheEnd) {
  std::vector<std::string> calls;
  script.resume_exchange = [&](hyalite_exchange*, const hyalite_resumption*) -> hyalite_verdict {
    calls.emplace_back("resume");
    return HYALITE_CONTINUE;
  };
  script.exchange_end = [&](hyalite_exchange*, const hyalite_exchange_summary*) { calls.emplace_back("end"); };
  Chain& chain = start();
  {
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::paused);
    EXPECT_EQ(async->resume(host, ref), HYALITE_OK);
  }
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  scripted.deliver();
  scripted.clock.advance(Seconds{5});
  scripted.deliver();
  EXPECT_EQ(calls, std::vector<std::string>{"end"});
}

TEST_F(Pausing, MistakesAreRefused) {
  struct Case {
    std::uint32_t on_deadline;
    std::int64_t within;
    hyalite_status status;
  };
  script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    for (const Case& c : {Case{0, 0, HYALITE_E_INVALID}, Case{0, -1, HYALITE_E_INVALID}, Case{7, 1, HYALITE_E_UNSUPPORTED},
                          Case{0, 60'000'000'001, HYALITE_E_LIMIT}}) {
      const hyalite_pause_options options{sizeof options, c.on_deadline, c.within};
      EXPECT_EQ(async->pause_exchange(x, &options, &ref), c.status);
    }
    const hyalite_pause_options options{sizeof options, 0, 1};
    EXPECT_EQ(async->pause_exchange(x, &options, nullptr), HYALITE_E_INVALID);
    EXPECT_EQ(async->pause_flow(http->flow(x), &options, &ref), HYALITE_E_LATE);
    return HYALITE_CONTINUE;
  };
  script.request_end = [this](hyalite_exchange* x) {
    const hyalite_pause_options options{sizeof options, 0, 1};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_E_LATE);
  };
  Chain& chain = start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  chain.request_end(talk.exchange);
  EXPECT_EQ(scripted.count("hyalite_plugin_misuses_total", "p0"), 0u);
}

TEST_F(Pausing, AVerdictAndAPauseBelongTogether) {
  bool pauses = false;
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    if (!pauses) return HYALITE_PAUSE;
    pause(x);
    return HYALITE_CONTINUE;
  };
  Chain& chain = start();
  for (int i = 0; i < 2; ++i, pauses = true) {
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::go_on) << "it fails open";
    EXPECT_FALSE(talk.exchange.pause(Lane::request).paused());
  }
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  EXPECT_EQ(scripted.count("hyalite_plugin_misuses_total", "p0"), 2u);
}

TEST_F(Pausing, WithoutAHookThatHearsItNobodyMayPause) {
  script.resume_exchange = nullptr;
  script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    const hyalite_pause_options options{sizeof options, 0, 1};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_E_INVALID);
    return HYALITE_CONTINUE;
  };
  Chain& chain = start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
}

TEST(Pauses, AreLimited) {
  ManualClock clock;
  Pauses pauses(2);
  PausePoint points[3];
  const int owner = 0;
  EXPECT_NE(pauses.begin(&owner, points[0], clock.now() + Seconds{1}, nullptr), 0u);
  EXPECT_NE(pauses.begin(&owner, points[1], clock.now() + Seconds{2}, nullptr), 0u);
  EXPECT_EQ(pauses.begin(&owner, points[2], clock.now() + Seconds{3}, nullptr), 0u);
  pauses.end(points[0]);
  EXPECT_EQ(pauses.next_deadline(), clock.now() + Seconds{2});
  EXPECT_NE(pauses.begin(&owner, points[2], clock.now() + Seconds{3}, nullptr), 0u);
}

TEST(Pauses, AnOldNameIsNeverTakenForANewOne) {
  Pauses pauses(1);
  PausePoint point;
  const int owner = 0;
  std::vector<Ref> old;
  for (int i = 0; i < 1000; ++i) {
    const Ref ref = pauses.begin(&owner, point, Monotonic{}, nullptr);
    ASSERT_NE(ref, 0u);
    for (const Ref was : old) ASSERT_EQ(pauses.resume(&owner, was), HYALITE_E_STALE);
    if (i % 100 == 0) old.push_back(ref);
    pauses.end(point);
  }
}

// ---- what waits is held, and bounded

constexpr std::string_view kUpload = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

// A plugin that lets every piece of a body wait, as far as it may.
struct Holding : ::testing::Test {
  Holding() {
    limits.held_bodies_bytes = 1'000;
    script.create = [this](const hyalite_host* h) {
      async = static_cast<const hyalite_host_async*>(h->get_interface(h, HYALITE_HOST_ASYNC_ID));
      http = static_cast<const hyalite_host_http*>(h->get_interface(h, HYALITE_HOST_HTTP_ID));
      host = h;
      return HYALITE_OK;
    };
    script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
      hyalite_body_options options{};
      options.size = sizeof options;
      options.mode = HYALITE_BODY_STREAM;
      EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
      return HYALITE_CONTINUE;
    };
    script.request_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
      const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_ASKS, 1'000'000'000};
      last = async->pause_exchange(x, &options, &ref);
      return last == HYALITE_OK ? HYALITE_PAUSE : HYALITE_CONTINUE;
    };
    script.resume_exchange = [](hyalite_exchange*, const hyalite_resumption*) -> hyalite_verdict { return HYALITE_CONTINUE; };
  }
  Chain& start() {
    scripted = std::make_unique<ScriptedChain>(limits);
    return scripted->add(std::move(script)).start();
  }

  ChainLimits limits;
  Script script;
  std::unique_ptr<ScriptedChain> scripted;
  const hyalite_host* host = nullptr;
  const hyalite_host_async* async = nullptr;
  const hyalite_host_http* http = nullptr;
  hyalite_ref ref = 0;
  hyalite_status last = HYALITE_OK;
};

TEST_F(Holding, NothingWaitsThatWouldBeHeldBeyondTheLimitOfAllBodies) {
  Chain& chain = start();
  HookTalk one(chain), other(chain), third(chain);
  for (HookTalk* talk : {&one, &other, &third}) ASSERT_EQ(talk->request(kUpload), Answer::go_on);
  BodyPipe first = chain.body(one.exchange, Direction::request), second = chain.body(other.exchange, Direction::request);
  const std::string block(600, 'x');
  EXPECT_EQ(first.feed(block, false).kind, BodyStep::Kind::paused);
  EXPECT_EQ(first.held(), 600u);
  const hyalite_ref waits = ref;
  // Together they would be more than this worker's share: it is told so, and goes on.
  const BodyStep step = second.feed(block, false);
  EXPECT_EQ(last, HYALITE_E_LIMIT);
  EXPECT_EQ(step.kind, BodyStep::Kind::forward);
  EXPECT_EQ(step.size, 600u);
  // As much as there is room for may still wait.
  BodyPipe small = chain.body(third.exchange, Direction::request);
  EXPECT_EQ(small.feed(std::string(400, 'y'), false).kind, BodyStep::Kind::paused);
  // And there is room again when the first goes on.
  EXPECT_EQ(async->resume(host, waits), HYALITE_OK);
  scripted->deliver();
  EXPECT_EQ(first.resume().kind, BodyStep::Kind::forward);
  EXPECT_EQ(second.feed(block, false).kind, BodyStep::Kind::paused);
}

TEST_F(Holding, WhatIsGivenUpWhileItWaitsIsHeldNoMore) {
  Chain& chain = start();
  for (int i = 0; i < 5; ++i) {
    HookTalk talk(chain);
    talk.request(kUpload);
    BodyPipe pipe = chain.body(talk.exchange, Direction::request);
    EXPECT_EQ(pipe.feed(std::string(900, 'x'), false).kind, BodyStep::Kind::paused) << i;
  }
}

}  // namespace
}  // namespace hyalite

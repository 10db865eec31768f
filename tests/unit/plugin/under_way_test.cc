// Timers, posts, work on threads and questions to services: each is told its end once, later, in the worker.
// SPDX-License-Identifier: MIT
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

struct Told {
  hyalite_ref ref;
  hyalite_status status;
};
std::vector<Told> told;
void tell(void*, hyalite_ref ref, void*, hyalite_status status) { told.push_back({ref, status}); }

std::vector<hyalite_status> statuses() {
  std::vector<hyalite_status> out;
  for (const Told& one : told) out.push_back(one.status);
  return out;
}
using Statuses = std::vector<hyalite_status>;

// Carries nothing out by itself.
struct Slow final : Outbound {
  struct Asked {
    FetchRequest request;
    FetchesHeard* heard;
  };
  std::map<Ref, Asked> asked;
  bool has(std::string_view service) const override { return service == "look-up"; }
  void start(Ref ref, FetchRequest request, FetchesHeard& heard) override { asked[ref] = {std::move(request), &heard}; }
  void cancel(Ref ref) override { asked.erase(ref); }
  void answer(Ref ref, std::string body) {
    FetchResult result;
    result.http_status = 200;
    result.headers = {{"X-A", "1"}};
    result.body = std::move(body);
    asked.extract(ref).mapped().heard->on_fetched(ref, std::move(result));
  }
};

struct UnderWay : ::testing::Test {
  UnderWay() {
    told.clear();
    script.create = [this](const hyalite_host* h) {
      host = h;
      async = static_cast<const hyalite_host_async*>(h->get_interface(h, HYALITE_HOST_ASYNC_ID));
      return HYALITE_OK;
    };
  }
  ~UnderWay() override { stop(); }
  void start(const ChainLimits& limits = {}) {
    scripted = std::make_unique<ScriptedChain>(limits);
    scripted->outbound = &slow;
    chain = &scripted->add(std::move(script)).start();
  }
  void stop() {
    if (chain != nullptr) chain->stop();
    chain = nullptr;
  }
  hyalite_ref timer(std::int64_t after, std::int64_t period = 0) {
    hyalite_ref ref = 0;
    EXPECT_EQ(async->timer(host, after, period, &tell, nullptr, &ref), HYALITE_OK);
    return ref;
  }
  void pass(Milliseconds time) {
    scripted->clock.advance(time);
    scripted->deliver();
  }

  Slow slow;
  Script script;
  std::unique_ptr<ScriptedChain> scripted;
  Chain* chain = nullptr;
  const hyalite_host* host = nullptr;
  const hyalite_host_async* async = nullptr;
};

TEST_F(UnderWay, ATimerIsToldOnceAndNeverEarly) {
  start();
  const hyalite_ref ref = timer(10'000'000);
  EXPECT_EQ(chain->async().next(), scripted->clock.now() + Milliseconds{10});
  pass(Milliseconds{9});
  EXPECT_TRUE(told.empty());
  pass(Milliseconds{1});
  EXPECT_EQ(statuses(), Statuses{HYALITE_OK});
  pass(Seconds{60});
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(async->cancel(host, ref), HYALITE_E_STALE);
}

TEST_F(UnderWay, ATimerOfNoTimeIsToldLater) {
  start();
  timer(0);
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(scripted->bell.rung);
  scripted->deliver();
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(UnderWay, APeriodGoesOnUntilItIsCancelledAndBundlesWhatItMissed) {
  start();
  const hyalite_ref ref = timer(10'000'000, 10'000'000);
  pass(Milliseconds{10});
  pass(Milliseconds{10});
  pass(Milliseconds{55});
  EXPECT_EQ(told.size(), 3u);
  pass(Milliseconds{4});
  EXPECT_EQ(told.size(), 3u);
  pass(Milliseconds{1});
  EXPECT_EQ(told.size(), 4u) << "it keeps its beat";
  EXPECT_EQ(async->cancel(host, ref), HYALITE_OK);
  EXPECT_EQ(told.size(), 4u) << "cancelling only says so; the end comes later";
  scripted->deliver();
  EXPECT_EQ(told.back().status, HYALITE_E_CANCELLED);
  pass(Seconds{1});
  EXPECT_EQ(told.size(), 5u);
}

TEST_F(UnderWay, MistakesBeginNothing) {
  start();
  hyalite_ref ref = 0;
  for (const auto& [after, period] : {std::pair<std::int64_t, std::int64_t>{-1, 0}, {0, -1}, {0, 999'999}, {INT64_MAX, 0}}) {
    EXPECT_EQ(async->timer(host, after, period, &tell, nullptr, &ref), HYALITE_E_INVALID);
  }
  EXPECT_EQ(async->timer(host, 0, 0, nullptr, nullptr, &ref), HYALITE_E_INVALID);
  EXPECT_EQ(async->timer(host, 0, 0, &tell, nullptr, nullptr), HYALITE_E_INVALID);
  EXPECT_EQ(async->post(host, nullptr, nullptr), HYALITE_E_INVALID);
  EXPECT_EQ(async->work(host, nullptr, &tell, nullptr, &ref), HYALITE_E_INVALID);
  EXPECT_EQ(async->cancel(host, 0), HYALITE_E_STALE);
  EXPECT_EQ(async->cancel(host, ~hyalite_ref{0}), HYALITE_E_STALE);
  scripted->deliver();
  EXPECT_TRUE(told.empty());
}

TEST_F(UnderWay, EverythingIsLimited) {
  ChainLimits limits;
  limits.timers = 1;
  limits.posts = 2;
  limits.fetches = 1;
  start(limits);
  timer(1'000'000'000);
  hyalite_ref ref = 0;
  EXPECT_EQ(async->timer(host, 0, 0, &tell, nullptr, &ref), HYALITE_E_LIMIT);
  EXPECT_EQ(async->post(host, &tell, nullptr), HYALITE_OK);
  EXPECT_EQ(async->post(host, &tell, nullptr), HYALITE_OK);
  EXPECT_EQ(async->post(host, &tell, nullptr), HYALITE_E_LIMIT);
  scripted->deliver();
  EXPECT_EQ(statuses(), (Statuses{HYALITE_OK, HYALITE_OK}));
}

TEST_F(UnderWay, PostsComeFromManyThreadsAndNoneIsLost) {
  start();
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kEach; ++i) EXPECT_EQ(async->post(host, &tell, nullptr), HYALITE_OK);
    });
  }
  for (std::thread& thread : threads) thread.join();
  scripted->deliver();
  EXPECT_EQ(told.size(), 4u * kEach);
}

// Work that waits until it is let go.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  bool open = false;
  static void run(void* self) {
    Gate& gate = *static_cast<Gate*>(self);
    std::unique_lock lock(gate.mutex);
    ++gate.running;
    gate.changed.notify_all();
    gate.changed.wait(lock, [&] { return gate.open; });
  }
  void await_running(int n) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running >= n; });
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST_F(UnderWay, WorkRunsOnThreadsAndEndsOnTheLoop) {
  ChainLimits limits;
  limits.work_threads = 1;
  limits.work = 2;
  start(limits);
  Gate gate;
  hyalite_ref first = 0, second = 0, third = 0;
  EXPECT_EQ(async->work(host, &Gate::run, &tell, &gate, &first), HYALITE_OK);
  gate.await_running(1);
  EXPECT_EQ(async->work(host, &Gate::run, &tell, &gate, &second), HYALITE_OK);
  EXPECT_EQ(async->work(host, &Gate::run, &tell, &gate, &third), HYALITE_E_LIMIT);
  EXPECT_EQ(async->cancel(host, second), HYALITE_OK) << "it has not begun: it never will";
  scripted->deliver();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].ref, second);
  EXPECT_EQ(told[0].status, HYALITE_E_CANCELLED);
  EXPECT_EQ(async->cancel(host, first), HYALITE_OK) << "it runs: its end comes when it has ended";
  EXPECT_EQ(async->cancel(host, first), HYALITE_E_STALE);
  scripted->deliver();
  EXPECT_EQ(told.size(), 1u);
  gate.let_go();
  while (told.size() < 2) scripted->deliver(), std::this_thread::yield();
  EXPECT_EQ(told[1].ref, first);
  EXPECT_EQ(told[1].status, HYALITE_E_CANCELLED);
  EXPECT_EQ(gate.running, 1);
}

TEST_F(UnderWay, WorkThatThrowsHasFailed) {
  start();
  hyalite_ref ref = 0;
  EXPECT_EQ(async->work(host, [](void*) { throw 1; }, &tell, nullptr, &ref), HYALITE_OK);
  while (told.empty()) scripted->deliver(), std::this_thread::yield();
  EXPECT_EQ(statuses(), Statuses{HYALITE_E_FAILED});
}

TEST_F(UnderWay, TheEndOfTheWorkerIsToldToAll) {
  start();
  hyalite_ref ref = 0;
  timer(1'000'000'000);
  timer(1'000'000'000, 1'000'000'000);
  Gate gate;
  gate.open = true;
  EXPECT_EQ(async->work(host, &Gate::run, &tell, &gate, &ref), HYALITE_OK);
  stop();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].status, HYALITE_E_STOPPED);
  EXPECT_EQ(told[1].status, HYALITE_E_STOPPED);
  EXPECT_NE(async->timer(host, 0, 0, &tell, nullptr, &ref), HYALITE_OK) << "nothing more begins";
  EXPECT_NE(async->post(host, &tell, nullptr), HYALITE_OK);
}

// ---- questions

std::string answer_body;
Statuses fetched;
void fetched_is(void*, hyalite_ref, void*, const hyalite_fetch_result* result) {
  fetched.push_back(result->status);
  answer_body = std::string(result->body.data == nullptr ? "" : result->body.data, result->body.size);
}
hyalite_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

struct Questions : UnderWay {
  Questions() {
    fetched.clear();
    answer_body.clear();
    question.size = sizeof question;
    question.service = bytes("look-up");
    question.target = bytes("/q");
  }
  hyalite_status ask() { return async->fetch(host, &question, &fetched_is, nullptr, &ref); }
  hyalite_fetch question{};
  hyalite_ref ref = 0;
};

TEST_F(Questions, AreAnsweredLater) {
  start();
  EXPECT_EQ(ask(), HYALITE_OK);
  EXPECT_EQ(slow.asked[ref].request.method, "GET");
  slow.answer(ref, "yes");
  EXPECT_TRUE(fetched.empty());
  scripted->deliver();
  EXPECT_EQ(fetched, Statuses{HYALITE_OK});
  EXPECT_EQ(answer_body, "yes");
  EXPECT_EQ(async->cancel(host, ref), HYALITE_E_STALE);
}

TEST_F(Questions, WhatIsNoSoundRequestIsRefused) {
  start();
  const auto with = [&](auto change) {
    Questions::question.method = Questions::question.body = {};
    question.service = bytes("look-up");
    question.target = bytes("/q");
    question.headers = nullptr;
    question.header_count = 0;
    change();
    return ask();
  };
  EXPECT_EQ(with([&] { question.service = bytes("else"); }), HYALITE_E_MISSING);
  EXPECT_EQ(with([&] { question.target = bytes("/q HTTP/1.1\r\nX: y\r\n\r\nGET /"); }), HYALITE_E_INVALID);
  EXPECT_EQ(with([&] { question.target = bytes("http://elsewhere/"); }), HYALITE_E_INVALID);
  EXPECT_EQ(with([&] { question.target = bytes(""); }), HYALITE_E_INVALID);
  EXPECT_EQ(with([&] { question.method = bytes("GE T"); }), HYALITE_E_INVALID);
  EXPECT_EQ(with([&] { question.method = bytes("CONNECT"); }), HYALITE_E_FORBIDDEN);
  const hyalite_field framing{bytes("Content-Length"), bytes("3")}, split{bytes("X"), bytes("a\r\nb")};
  EXPECT_EQ(with([&] { question.headers = &framing, question.header_count = 1; }), HYALITE_E_FORBIDDEN);
  EXPECT_EQ(with([&] { question.headers = &split, question.header_count = 1; }), HYALITE_E_INVALID);
  EXPECT_TRUE(slow.asked.empty());
}

TEST_F(Questions, EndWithTheExchangeThatTheyAreFor) {
  script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    question.exchange = x;
    EXPECT_EQ(ask(), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  start();
  {
    Talk talk(*chain);
    talk.request(kGet);
  }
  EXPECT_TRUE(slow.asked.empty());
  EXPECT_TRUE(fetched.empty());
  scripted->deliver();
  EXPECT_EQ(fetched, Statuses{HYALITE_E_ENDED});
}

TEST_F(Questions, CancelledOrStoppedTheyAreToldOnce) {
  start();
  EXPECT_EQ(ask(), HYALITE_OK);
  EXPECT_EQ(async->cancel(host, ref), HYALITE_OK);
  EXPECT_EQ(async->cancel(host, ref), HYALITE_E_STALE);
  EXPECT_EQ(ask(), HYALITE_OK);
  stop();
  EXPECT_EQ(fetched, (Statuses{HYALITE_E_CANCELLED, HYALITE_E_STOPPED}));
}

}  // namespace
}  // namespace hyalite

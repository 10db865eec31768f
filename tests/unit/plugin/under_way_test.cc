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
  bool has(std::string_view service, ServiceProtocol protocol) const override {
    return service == (protocol == ServiceProtocol::http ? "look-up" : "feed");
  }
  void start(Ref ref, FetchRequest request, FetchesHeard& heard) override { asked[ref] = {std::move(request), &heard}; }
  void cancel(Ref ref) override { asked.erase(ref); }
  struct Connected final : Waker {
    Channels* channels = nullptr;
    int woken = 0;
    void on_wake() override { ++woken; }
  };
  std::map<Ref, Connected> connected;
  std::size_t most_connected = 8;
  Waker* connect(Ref channel, std::string_view, Channels& channels) override {
    if (connected.size() == most_connected) return nullptr;
    connected[channel].channels = &channels;
    return &connected[channel];
  }
  void disconnect(Ref channel) override { connected.erase(channel); }
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

TEST_F(UnderWay, WorkIsShownToWhoeverWatchesAndLongWorkIsSaidOnce) {
  ChainLimits limits;
  limits.work_threads = 1;
  limits.work_warn_after = Milliseconds{-1};  // any is long
  start(limits);
  const auto slow_calls = [&] { return scripted->count("hyalite_plugin_slow_calls_total", "p0"); };
  Gate gate;
  hyalite_ref ref = 0;
  EXPECT_EQ(async->work(host, &Gate::run, &tell, &gate, &ref), HYALITE_OK);
  gate.await_running(1);
  EXPECT_EQ(scripted->slot.work, 1u);
  EXPECT_GT(scripted->slot.work_since_ns, 0);
  chain->tick();
  chain->tick();
  EXPECT_EQ(slow_calls(), 1u);
  EXPECT_TRUE(scripted->logged("plugin.slow instance=p0 hook=work"));
  gate.let_go();
  while (told.empty()) scripted->deliver(), std::this_thread::yield();
  EXPECT_EQ(scripted->slot.work, 0u);
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
  hyalite_status ask() {
    const auto* table = static_cast<const hyalite_host_fetch*>(host->get_interface(host, HYALITE_HOST_FETCH_ID));
    return table->fetch(host, &question, &fetched_is, nullptr, &ref);
  }
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
    HookTalk talk(*chain);
    talk.request(kGet);
  }
  EXPECT_TRUE(slow.asked.empty());
  EXPECT_TRUE(fetched.empty());
  scripted->deliver();
  EXPECT_EQ(fetched, Statuses{HYALITE_E_ENDED});
}

TEST_F(Questions, CannotBeForAnExchangeThatIsEnding) {
  script.exchange_end = [this](hyalite_exchange* x, const hyalite_exchange_summary*) {
    question.exchange = x;
    EXPECT_EQ(ask(), HYALITE_E_LATE);
    question.exchange = nullptr;
    EXPECT_EQ(ask(), HYALITE_OK);
  };
  start();
  HookTalk(*chain).request(kGet);
  EXPECT_EQ(slow.asked.size(), 1u);
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

// ---- connections

struct ChannelTold {
  std::uint32_t kind;
  hyalite_status status;
  std::string bytes;
};
std::vector<ChannelTold> channel_told;
std::function<void(const hyalite_channel_event&)> in_channel;
void tell_channel(void*, hyalite_ref, void*, const hyalite_channel_event* event) {
  channel_told.push_back({event->kind, event->status, event->bytes.size == 0 ? "" : std::string(event->bytes.data, event->bytes.size)});
  if (in_channel) in_channel(*event);
}

struct Connections : UnderWay {
  Connections() {
    channel_told.clear();
    in_channel = nullptr;
    what.size = sizeof what;
    what.service = bytes("feed");
  }
  const hyalite_host_channel& table() const {
    return *static_cast<const hyalite_host_channel*>(host->get_interface(host, HYALITE_HOST_CHANNEL_ID));
  }
  hyalite_status open() { return table().connect(host, &what, &tell_channel, nullptr, &ref); }
  Channels& channels() { return chain->async().channels; }
  std::vector<std::uint32_t> kinds() const {
    std::vector<std::uint32_t> out;
    for (const ChannelTold& one : channel_told) out.push_back(one.kind);
    return out;
  }
  using Kinds = std::vector<std::uint32_t>;
  hyalite_connect what{};
  hyalite_ref ref = 0;
};

TEST_F(Connections, MistakesBeginNothing) {
  start();
  what.service = bytes("look-up");
  EXPECT_EQ(open(), HYALITE_E_MISSING) << "that one speaks HTTP";
  what.service = bytes("feed");
  EXPECT_EQ(table().connect(host, &what, nullptr, nullptr, &ref), HYALITE_E_INVALID);
  EXPECT_EQ(table().connect(host, &what, &tell_channel, nullptr, nullptr), HYALITE_E_INVALID);
  EXPECT_EQ(table().receive(host, 17, 1), HYALITE_E_STALE);
  slow.most_connected = 0;
  EXPECT_EQ(open(), HYALITE_E_LIMIT);
  scripted->deliver();
  EXPECT_TRUE(channel_told.empty());
  EXPECT_TRUE(slow.connected.empty());
}

TEST_F(Connections, AreLimitedLikeAllChannels) {
  ChainLimits limits;
  limits.channels = 1;
  start(limits);
  EXPECT_EQ(open(), HYALITE_OK);
  EXPECT_EQ(open(), HYALITE_E_LIMIT);
}

TEST_F(Connections, DataEndAndOverComeInTheirOrderEachInACallOfItsOwn) {
  start();
  ASSERT_EQ(open(), HYALITE_OK);
  channels().opened(ref);
  channels().arrived(ref, "one ");
  channels().arrived(ref, "two");
  channels().arrivals_ended(ref);
  EXPECT_TRUE(channel_told.empty());
  scripted->deliver();
  EXPECT_EQ(kinds(), (Kinds{HYALITE_CHANNEL_ROOM, HYALITE_CHANNEL_DATA}));
  EXPECT_EQ(channel_told.back().bytes, "one two");
  EXPECT_TRUE(scripted->bell.rung) << "the end is still to be told";
  scripted->deliver();
  EXPECT_EQ(channel_told.back().kind, HYALITE_CHANNEL_END);
  EXPECT_TRUE(channels().all_told(ref));
  channels().finish(ref, HYALITE_OK);
  scripted->deliver();
  EXPECT_EQ(channel_told.back().kind, HYALITE_CHANNEL_OVER);
  EXPECT_EQ(table().receive(host, ref, 1), HYALITE_E_STALE);
}

TEST_F(Connections, WhatAPluginDoesWhileItIsToldIsCarriedOutLater) {
  start();
  ASSERT_EQ(open(), HYALITE_OK);
  in_channel = [&](const hyalite_channel_event& event) {
    if (event.kind != HYALITE_CHANNEL_DATA) return;
    EXPECT_EQ(table().write(host, ref, bytes("reply"), 0), HYALITE_OK);
    EXPECT_EQ(table().receive(host, ref, 0), HYALITE_OK);
    EXPECT_EQ(slow.connected.at(ref).woken, 0) << "not inside of the call";
  };
  channels().arrived(ref, "hello");
  channels().arrivals_ended(ref);
  scripted->deliver();
  scripted->deliver();
  EXPECT_EQ(kinds(), Kinds{HYALITE_CHANNEL_DATA}) << "the end waits until it wants to hear again";
  EXPECT_EQ(channels().pending(ref)->bytes, "reply");
  EXPECT_GE(slow.connected.at(ref).woken, 1);
  EXPECT_EQ(table().receive(host, ref, 1), HYALITE_OK);
  scripted->deliver();
  EXPECT_EQ(channel_told.back().kind, HYALITE_CHANNEL_END);
  in_channel = [&](const hyalite_channel_event&) { EXPECT_EQ(async->cancel(host, ref), HYALITE_E_STALE); };
  EXPECT_EQ(async->cancel(host, ref), HYALITE_OK);
  EXPECT_TRUE(slow.connected.empty());
  scripted->deliver();
  EXPECT_EQ(channel_told.back().status, HYALITE_E_CANCELLED);
}

TEST_F(Connections, CancelledBeforeItWasToldNothingElseIsTold) {
  start();
  ASSERT_EQ(open(), HYALITE_OK);
  channels().opened(ref);
  scripted->deliver();
  channels().arrived(ref, "too late");
  EXPECT_EQ(async->cancel(host, ref), HYALITE_OK);
  scripted->deliver();
  EXPECT_EQ(kinds(), (Kinds{HYALITE_CHANNEL_ROOM, HYALITE_CHANNEL_OVER}));
}

TEST_F(Connections, EndWithTheExchangeThatTheyAreFor) {
  script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    what.exchange = x;
    EXPECT_EQ(open(), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  start();
  {
    HookTalk talk(*chain);
    talk.request(kGet);
    EXPECT_EQ(slow.connected.size(), 1u);
  }
  EXPECT_TRUE(slow.connected.empty());
  scripted->deliver();
  ASSERT_EQ(channel_told.size(), 1u);
  EXPECT_EQ(channel_told[0].status, HYALITE_E_ENDED);
}

TEST_F(Connections, TheEndOfTheWorkerIsTold) {
  start();
  ASSERT_EQ(open(), HYALITE_OK);
  stop();
  ASSERT_EQ(channel_told.size(), 1u);
  EXPECT_EQ(channel_told[0].status, HYALITE_E_STOPPED);
  EXPECT_TRUE(slow.connected.empty());
}

}  // namespace
}  // namespace hyalite

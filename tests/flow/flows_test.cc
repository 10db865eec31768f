// Flows over real sockets on loopback, in one process.
// SPDX-License-Identifier: MIT
#include "tests/flow/flows_on_loopback.h"

#include <linux/filter.h>
#include <malloc.h>
#include <poll.h>

#include <random>

#include "settings/reader.h"
#include "tests/support/client_hello_builder.h"
#include "tests/support/sanitizers.h"

namespace hyalite {
namespace {

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(FlowsOnLoopback, CarryAnExchangeAndThenAnother) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  Fd s = server();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(arrives(s.get(), kGet));
    ASSERT_TRUE(put(s.get(), kOk));
    ASSERT_TRUE(arrives(c.get(), kOk));
    if (i < 2) {
      ASSERT_TRUE(put(c.get(), kGet));
    }
  }
  EXPECT_EQ(count("hyalite_exchanges_total", ""), 3u);
  EXPECT_EQ(count("hyalite_flows", ""), 1u);
  c.reset();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows", ""), 0u);
}

TEST_F(FlowsOnLoopback, PassAServerThatSpeaksFirst) {
  start();
  Fd c = client();
  Fd s = server();
  ASSERT_TRUE(put(s.get(), "220 hello\r\n"));
  ASSERT_TRUE(arrives(c.get(), "220 hello\r\n"));
  ASSERT_TRUE(put(c.get(), "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"));
  ASSERT_TRUE(arrives(s.get(), "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"));
  EXPECT_EQ(count("hyalite_uninspected_total", "server_first"), 1u);
}

// The server might have spoken first, and is slow to answer: so slow that the client speaks while it is still being connected to.
TEST_F(FlowsOnLoopback, ConnectAnewForAClientThatSpeaksAfterAll) {
  start();
  Fd first = occupy_origin();
  Fd c = silent_client();
  ASSERT_TRUE(put(c.get(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  for (int i = 0; i < 20; ++i) loop->run_once();
  ASSERT_TRUE(Fd(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  Fd s = server();
  EXPECT_TRUE(arrives(s.get(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
}

TEST_F(FlowsOnLoopback, PassAHalfCloseBothWays) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), "\x01 raw"));
  Fd s = server();
  ASSERT_TRUE(arrives(s.get(), "\x01 raw"));
  shutdown(c.get(), SHUT_WR);
  ASSERT_TRUE(becomes(s.get(), EndSeen::ended));
  ASSERT_TRUE(put(s.get(), "late answer"));
  ASSERT_TRUE(arrives(c.get(), "late answer"));
  s.reset();
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "finished"), 1u);
}

// Bytes that nobody wants to see pass inside of the kernel: there it is met.
TEST_F(FlowsOnLoopback, PassAResetOnBehindMuchThatNobodyReads) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), "\x01 raw"));
  Fd s = server();
  ASSERT_TRUE(arrives(s.get(), "\x01 raw"));
  const std::string some(10'000, 'x');
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(put(s.get(), some));
    ASSERT_TRUE(arrives(c.get(), some));
  }
  reset(s);
  EXPECT_TRUE(becomes(c.get(), EndSeen::reset));
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "upstream_broke"), 1u);
}

TEST_F(FlowsOnLoopback, TellTheServerThatAClientLeftWithoutAWord) {
  start();
  Fd c = client();
  shutdown(c.get(), SHUT_WR);
  Fd s = server();
  ASSERT_TRUE(becomes(s.get(), EndSeen::ended));
  s.reset();
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
}

TEST_F(FlowsOnLoopback, TellTheClientThatAServerLeftAfterHalfAWord) {
  start();
  Fd c = client();
  Fd s = server();
  ASSERT_TRUE(put(s.get(), "HT"));
  s.reset();
  ASSERT_TRUE(arrives(c.get(), "HT"));
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  c.reset();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
}

TEST_F(FlowsOnLoopback, MakeTheSenderWaitForASlowReader) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  Fd s = server();
  ASSERT_TRUE(arrives(s.get(), kGet));
  ASSERT_TRUE(put(s.get(), "HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n"));
  fcntl(s.get(), F_SETFL, O_NONBLOCK);
  const std::string block(65536, 'x');
  std::size_t sent = 0;
  // The server sends until nobody takes any more: what we hold by then is bounded.
  int stuck = 0;
  while (stuck < 1000) {
    const ssize_t n = send(s.get(), block.data(), block.size(), MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      stuck = 0;
    } else {
      ++stuck;
    }
    loop->run_once();
  }
  EXPECT_LT(sent, std::size_t{64} << 20);
  const std::string view = flows->live_view(1);
  const auto held = std::stoul(view.substr(view.find("\"held\":") + 7));
  EXPECT_LE(held, settings.limits.buffered_bytes_per_flow);
  std::size_t got = 0;
  EXPECT_TRUE(pump(*loop, [&] { return (got += take(c.get()).size()) >= sent; }));
}

TEST_F(FlowsOnLoopback, ResetTheClientOfAServerThatRefuses) {
  start();
  Fd c = client();
  origin.reset();
  ASSERT_TRUE(put(c.get(), kGet));
  EXPECT_TRUE(becomes(c.get(), EndSeen::reset));
  EXPECT_EQ(count("hyalite_flows_closed_total", "connect_refused"), 1u);
  EXPECT_EQ(count("hyalite_connects_total", "refused"), 1u);
}

TEST_F(FlowsOnLoopback, GiveARefusedClientTheTimeToReadWhy) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), "GET / HTTP/1.1\r\n\r\n"));
  std::string page;
  ASSERT_TRUE(pump(*loop, [&] { return (page += take(c.get())).find("</html>") != std::string::npos; }));
  EXPECT_EQ(page.substr(0, 13), "HTTP/1.1 400 ");
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  // More bytes on their way do not turn the end into a reset.
  ASSERT_TRUE(put(c.get(), std::string(10000, 'x')));
  for (int i = 0; i < 20; ++i) loop->run_once();
  EXPECT_EQ(look(c.get()), EndSeen::ended);
}

constexpr char kGetAndClose[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
constexpr char kOkAndClose[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

TEST_F(FlowsOnLoopback, WaitForNothingOfAClientThatSaidItWasTheLast) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGetAndClose));
  const Fd s = answers(kGetAndClose, kOkAndClose);
  // The client does nothing.
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_TRUE(arrives(c.get(), kOkAndClose));
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  EXPECT_EQ(count("hyalite_flows_closed_total", "finished"), 1u);
}

// Bytes that stand behind its last request would turn the end into a reset, and the response would be lost to it.
TEST_F(FlowsOnLoopback, WaitForAClientThatGoesOnAllTheSame) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), std::string(kGetAndClose) + "\r\nmore"));
  const Fd s = answers(kGetAndClose, kOkAndClose);
  ASSERT_TRUE(arrives(c.get(), kOkAndClose));
  expect_it_is_waited_for(c.get());
}

// Who was not asked whether it is the last one may be about to send the next.
TEST_F(FlowsOnLoopback, WaitForAClientThatThinksTheConnectionGoesOn) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  const Fd s = answers(kGet, kOkAndClose);
  ASSERT_TRUE(arrives(c.get(), kOkAndClose));
  expect_it_is_waited_for(c.get());
}

// A server that answers while its client still sends, and is then reset. The client's next bytes meet that: they came first.
struct EarlyAnswer : FlowsOnLoopback {
  void is_given(std::string_view answer) {
    start();
    c = client();
    ASSERT_TRUE(put(c.get(), kAsk));
    Fd s = server();
    ASSERT_TRUE(arrives(s.get(), kAsk));
    ASSERT_TRUE(put(c.get(), "more"));
    ASSERT_TRUE(put(s.get(), answer));
    reset(s);
  }

  static constexpr char kAsk[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
  Fd c;
};

TEST_F(EarlyAnswer, ThatLastsUntilTheEndIsNotWhole) {
  is_given("HTTP/1.1 200 OK\r\n\r\nas long as it takes");
  EXPECT_TRUE(becomes(c.get(), EndSeen::reset));
  EXPECT_EQ(count("hyalite_flows_closed_total", "upstream_broke"), 1u);
}

TEST_F(EarlyAnswer, ThatIsWholeReachesTheClient) {
  constexpr std::string_view kTooLarge = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";
  is_given(kTooLarge);
  EXPECT_TRUE(arrives(c.get(), kTooLarge));
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  c.reset();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "upstream_left"), 1u);
}

// It had said all that it had to say.
TEST_F(FlowsOnLoopback, TakeAnEndForOneEvenIfAResetFollows) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), EarlyAnswer::kAsk));
  Fd s = server();
  ASSERT_TRUE(arrives(s.get(), EarlyAnswer::kAsk));
  ASSERT_TRUE(put(c.get(), "more"));
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\n\r\nas long as it takes";
  ASSERT_TRUE(put(s.get(), kAnswer));
  shutdown(s.get(), SHUT_WR);
  reset(s);
  EXPECT_TRUE(arrives(c.get(), kAnswer));
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
}

// It is answered with more than its kernel takes while it does not read, and told that this was the last.
struct SlowClient : FlowsOnLoopback {
  SlowClient() { settings.timeouts.linger = Milliseconds{5}; }

  void is_answered() {
    start();
    c = client();
    ASSERT_TRUE(put(c.get(), kGet));
    Fd s = server();
    ASSERT_TRUE(arrives(s.get(), kGet));
    fcntl(s.get(), F_SETFL, O_NONBLOCK);
    std::string_view rest = answer;
    ASSERT_TRUE(pump(*loop, [&] {
      if (const ssize_t n = send(s.get(), rest.data(), rest.size(), MSG_NOSIGNAL); n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
      return rest.empty();
    }));
  }
  void passes(Milliseconds time) {
    const Monotonic end = loop->now() + time;
    ASSERT_TRUE(pump(*loop, [&] { return loop->now() > end; }));
  }

  const std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x');
  Fd c;
};

TEST_F(SlowClient, GetsAllOfItHoweverLateItReads) {
  is_answered();
  passes(Milliseconds{50});
  EXPECT_EQ(flows->size(), 1u);
  EXPECT_TRUE(arrives(c.get(), answer));
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  c.reset();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "finished"), 1u);
}

// While it takes some of what waits, nothing else is read for it: that is no standstill either.
TEST_F(SlowClient, IsWaitedForWhileItTakesSomeInTheMiddleOfAResponse) {
  // As on a slow line, of which little lies in the kernel: about every 50 ms that has room, and what waits takes a second.
  const int little = 16'384;
  ASSERT_EQ(setsockopt(door.get(), SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
  settings.limits.buffered_bytes_per_flow = std::size_t{1} << 20;
  settings.timeouts.body_idle = Milliseconds{400};
  is_answered();
  const Monotonic began = loop->now();
  std::string got, some(4096, '\0');
  ASSERT_TRUE(pump(*loop, [&] {
    const auto taken_for = loop->now() - began;
    // A byte each microsecond.
    const auto due = static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::microseconds>(taken_for).count());
    while (got.size() < due) {
      const ssize_t n = recv(c.get(), some.data(), std::min(some.size(), due - got.size()), MSG_DONTWAIT);
      if (n <= 0) break;
      got.append(some, 0, static_cast<std::size_t>(n));
    }
    return taken_for > 3 * settings.timeouts.body_idle;
  }));
  EXPECT_TRUE(arrives(c.get(), std::string_view(answer).substr(got.size())));
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
  EXPECT_EQ(count("hyalite_flows_closed_total", "body_too_slow"), 0u);
}

TEST_F(SlowClient, IsGivenUpWhenItTakesNothingForTooLong) {
  settings.timeouts.body_idle = Milliseconds{100};
  is_answered();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "body_too_slow"), 1u);
}

TEST_F(FlowsOnLoopback, NoticeAClientThatIsResetWhileUpstreamTakesNothing) {
  start();
  Fd c = client();
  fcntl(c.get(), F_SETFL, O_NONBLOCK);
  const std::string more(1 << 20, 'x');
  ASSERT_TRUE(put(c.get(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"));
  Fd s = server();
  int refused = 0;  // in a row
  ASSERT_TRUE(pump(*loop, [&] { return send(c.get(), more.data(), more.size(), MSG_NOSIGNAL) > 0 ? (refused = 0) : ++refused > 20; }));
  reset(c);
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "client_broke"), 1u);
}

// Otherwise a client could choose, by waiting a little, where its rule does not send it.
TEST_F(FlowsOnLoopback, GoWhereARuleSendsAClientThatWasSilentFirst) {
  Fd elsewhere = listen_at(at("127.0.0.1:0"), 8);
  fcntl(elsewhere.get(), F_SETFL, O_NONBLOCK);
  TlsRuleSettings rule;
  rule.name = "away";
  rule.action = TlsAction::redirect;
  rule.to = own_address(elsewhere.get());
  settings.tls.rules = {rule};
  start();
  Fd c = client();
  Fd original = server();
  const std::string message = ClientHelloBuilder().server_name("x.example").message();
  const std::string hello = "\x16\x03\x01" + vector16(message);
  ASSERT_TRUE(put(c.get(), hello));
  Fd there;
  ASSERT_TRUE(pump(*loop, [&] { return there.reset(accept4(elsewhere.get(), nullptr, nullptr, SOCK_CLOEXEC)), static_cast<bool>(there); }));
  EXPECT_TRUE(arrives(there.get(), hello));
  EXPECT_TRUE(becomes(original.get(), EndSeen::ended));
  EXPECT_EQ(take(original.get()), "");
}

struct DirectHit : FlowsOnLoopback {
  Fd direct_hit() {
    Fd fd = connect_to(own_address(door.get()));
    Fd ours(accept4(door.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    flows->refuse(Refused{ArrivalRefusal::direct_hit, std::move(ours), ClientAddress{own_address(fd.get())}, 0});
    return fd;
  }
};

TEST_F(DirectHit, IsTurnedAway) {
  start();
  Fd fd = direct_hit();
  ASSERT_TRUE(put(fd.get(), kGet));
  std::string page;
  ASSERT_TRUE(pump(*loop, [&] { return (page += take(fd.get())).find("</html>") != std::string::npos; }));
  EXPECT_EQ(page.substr(0, 13), "HTTP/1.1 421 ");
  EXPECT_EQ(count("hyalite_not_served_total", "direct_hit"), 1u);
  EXPECT_EQ(count("hyalite_flows_total", ""), 0u);
}

TEST_F(DirectHit, CountsAmongItsClientsFlows) {
  settings.limits.flows_per_client = 2;
  settings.timeouts.linger = Seconds{60};
  start();
  Fd first = direct_hit(), second = direct_hit(), third = direct_hit();
  EXPECT_EQ(flows->size(), 2u);
  EXPECT_TRUE(becomes(third.get(), EndSeen::reset));
  EXPECT_EQ(count("hyalite_not_served_total", "direct_hit"), 3u);
  Fd redirected = client();
  EXPECT_TRUE(becomes(redirected.get(), EndSeen::reset));
  EXPECT_EQ(count("hyalite_flows_closed_total", "limit_client_flows"), 1u);
  Fd another = client_from(at("127.0.0.2:40000"));
  EXPECT_EQ(flows->size(), 3u);
  reset(first);
  ASSERT_TRUE(pump(*loop, [&] { return flows->size() == 2; }));
  Fd served = client();
  EXPECT_EQ(flows->size(), 3u);
}

TEST_F(DirectHit, HasAMomentAndNoMoreToTakeItsPage) {
  settings.timeouts.linger = Milliseconds{20};
  start();
  Fd fd = direct_hit();
  // From here on it takes nothing, and says so to nobody.
  sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog filter{1, &nothing};
  ASSERT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), 0);
  ASSERT_TRUE(put(fd.get(), kGet));
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
}

TEST_F(FlowsOnLoopback, HoldTheLimitOfFlowsPerClient) {
  settings.limits.flows_per_client = 2;
  start();
  Fd first = client(), second = client(), third = client();
  EXPECT_EQ(flows->size(), 2u);
  EXPECT_TRUE(becomes(third.get(), EndSeen::reset));
  EXPECT_EQ(count("hyalite_flows_closed_total", "limit_client_flows"), 1u);
  reset(first);
  ASSERT_TRUE(pump(*loop, [&] { return flows->size() == 1; }));
  Fd fourth = client();
  EXPECT_EQ(flows->size(), 2u);
}

TEST_F(FlowsOnLoopback, NoticeAClientThatLeavesWhileItsAnswerIsAwaited) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  Fd s = server();
  ASSERT_TRUE(arrives(s.get(), kGet));
  reset(c);
  EXPECT_TRUE(becomes(s.get(), EndSeen::reset));
  EXPECT_EQ(count("hyalite_flows_closed_total", "client_broke"), 1u);
}

TEST_F(FlowsOnLoopback, DrainEndsEveryFlowByItsDeadline) {
  start();
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  Fd s = server();
  flows->drain(Milliseconds{20});
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "drained"), 1u);
}

TEST_F(FlowsOnLoopback, ServeAClientThatOnlyBeginsWhenItsWorkerDrains) {
  start();
  Fd c = client();
  flows->drain(Seconds{60});
  ASSERT_TRUE(put(c.get(), kGet));
  const Fd s = answers(kGet, kOk);
  std::string got;
  ASSERT_TRUE(pump(*loop, [&] { return (got += take(c.get())).find("hi") != std::string::npos; })) << got;
  EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
}

// It was in doubt until then.
TEST_F(FlowsOnLoopback, ServeAClientThatComesWhenItsWorkerDrainsAlready) {
  start();
  flows->drain(Seconds{60});
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  const Fd s = answers(kGet, kOk);
  std::string got;
  ASSERT_TRUE(pump(*loop, [&] { return (got += take(c.get())).find("hi") != std::string::npos; })) << got;
  EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
  EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
}

// ---- what a flow costs that waits for its client's next request ----

#if !HYALITE_ADDRESS_SANITIZER  // which has an allocator of its own
// Of the whole process, with what the allocator adds to each piece: libevent's and the plugins', too.
std::size_t bytes_in_use() { return mallinfo2().uordblks; }

TEST_F(FlowsOnLoopback, AreSmallWhileTheyWait) {
  // Tables grow by doubling: the first flows pay for those that are counted. All their lines are less than a batch of the logger's.
  constexpr std::size_t kMostBytes = 1'600, kFirst = 70, kCounted = 50;
  auto read = read_settings("listeners: [ { address: \"[::]:8080\" } ]\nplugin_dirs: [ \"" PLUGIN_DIR "\" ]\nplugins:\n"
                            "  - { name: http-logger, use: http-logger, settings: { file: /dev/null, format: combined, flush_ms: 60000 } }\n"
                            "  - { name: header-rewriter, use: header-rewriter, settings: { request: [ { set: X-Checked, to: \"yes\" } ] } }\n"
                            "  - { name: blocker, use: blocker, settings: { hosts: [ ads.lab ], destinations: [ 192.0.2.0/24 ] } }\n", "test.yaml");
  ASSERT_TRUE(read) << text_of(read.mistakes);
  read.settings.upstream = settings.upstream;
  read.settings.timeouts.sniff_silence = settings.timeouts.sniff_silence;
  settings = std::move(read.settings);
  start();
  CallSlot slot;
  ASSERT_TRUE(chain->start(0, 1, MetricRow(cells.data(), layout), &slot).has_value());
  std::vector<Fd> ends;
  ends.reserve(2 * (kFirst + kCounted));
  const auto waiting_flows = [&](std::size_t how_many) {
    for (std::size_t i = 0; i < how_many; ++i) {
      Fd c = client();
      Fd s;
      for (int exchange = 0; exchange < 2; ++exchange) {
        ASSERT_TRUE(put(c.get(), kGet));
        if (!s) s = server();
        ASSERT_TRUE(arrives(s.get(), "GET / HTTP/1.1\r\nHost: x\r\nX-Checked: yes\r\n\r\n"));
        ASSERT_TRUE(put(s.get(), kOk));
        ASSERT_TRUE(arrives(c.get(), kOk));
      }
      ends.push_back(std::move(c));
      ends.push_back(std::move(s));
    }
    // Until its first timer has gone off, a flow holds a little more.
    const Monotonic all_did = loop->now() + 2 * settings.timeouts.sniff_silence;
    pump(*loop, [&] { return loop->now() > all_did; });
    loop->run_once();
  };
  ASSERT_NO_FATAL_FAILURE(waiting_flows(kFirst));
  const std::size_t before = bytes_in_use();
  ASSERT_NO_FATAL_FAILURE(waiting_flows(kCounted));
  const std::size_t each = (bytes_in_use() - before) / kCounted;
  std::printf("a waiting flow: %zu bytes\n", each);
  EXPECT_LE(each, kMostBytes);
  EXPECT_GT(each, 1'000u) << "else nothing was counted";
  chain->stop();
}
#endif

// ---- what no plugin edits arrives byte for byte ----

class Messages {
 public:
  explicit Messages(unsigned seed) : random_(seed) {}

  std::string request() {
    static const char* const methods[] = {"GET", "POST", "PURGE", "x-odd!method", "PROPFIND"};
    return pick(methods) + std::string(" /") + word(40) + "?q=\xc3\xa4" + word(5) + " HTTP/1.1\r\n" + field("hOsT", "x.example") +
           fields() + body();
  }
  std::string response() {
    static const char* const reasons[] = {"OK", "", "Sehr gut \xe4\xf6"};
    return interims() + "HTTP/1.1 " + std::to_string(pick_number(200, 203)) + " " + pick(reasons) + "\r\n" + fields() + body();
  }
  std::size_t pick_number(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(least, most)(random_);
  }

 private:
  template <std::size_t n>
  std::string pick(const char* const (&from)[n]) {
    return from[pick_number(0, n - 1)];
  }
  std::string word(std::size_t most) {
    std::string text;
    for (std::size_t i = pick_number(1, most); i > 0; --i) text += static_cast<char>('a' + pick_number(0, 25));
    return text;
  }
  std::string field(const std::string& name, const std::string& value) {
    static const char* const before[] = {" ", "", "\t", "  \t "};
    static const char* const after[] = {"", " ", " \t"};
    return name + ":" + pick(before) + value + pick(after) + "\r\n";
  }
  std::string fields() {
    std::string text;
    for (std::size_t i = pick_number(0, 8); i > 0; --i) text += field("X-" + word(12), word(60) + "\xff\x80");
    return text;
  }
  std::string body() {
    if (pick_number(0, 1) == 0) {
      const std::string content(pick_number(0, 3000), 'c');
      return "content-length:  " + std::to_string(content.size()) + " \r\n\r\n" + content;
    }
    // No tabs here: around what frames a message they are refused.
    std::string text = "Transfer-Encoding:Chunked\r\n\r\n";
    char size[16];
    for (std::size_t i = pick_number(0, 5); i > 0; --i) {
      const std::string content(pick_number(1, 900), 'k');
      std::snprintf(size, sizeof size, pick_number(0, 1) ? "%zx" : "%04zX", content.size());
      text += size + std::string(pick_number(0, 1) ? ";ext=\"q;\\\"x\"" : "") + "\r\n" + content + "\r\n";
    }
    return text + "0\r\n" + (pick_number(0, 1) ? field("X-Trailer", word(10)) : "") + "\r\n";
  }
  std::string interims() {
    return pick_number(0, 3) == 0 ? "HTTP/1.1 103 Early Hints\r\nLink: </" + word(5) + ">\r\n\r\n" : "";
  }
  std::mt19937 random_;
};

TEST_F(FlowsOnLoopback, PassGeneratedExchangesByteForByteHoweverTheyAreCut) {
  start();
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Messages messages(seed);
  const auto in_pieces = [&](int from, int to, const std::string& whole, bool drip) {
    std::string got;
    for (std::size_t at = 0; at < whole.size();) {
      const std::size_t n = drip ? 1 : messages.pick_number(1, whole.size() - at);
      ASSERT_TRUE(put(from, std::string_view(whole).substr(at, n)));
      at += n;
      loop->run_once();
      got += take(to);
    }
    const bool all = pump(*loop, [&] { return (got += take(to)).size() >= whole.size(); });
    ASSERT_TRUE(all && got == whole) << "sent " << whole << "\ngot " << got << "\nand back " << take(from);
  };
  Fd c = client();
  ASSERT_TRUE(put(c.get(), kGet));
  const Fd s = answers(kGet, kOk);
  ASSERT_TRUE(arrives(c.get(), kOk));
  for (int i = 0; i < 150; ++i) {
    const bool drip = i % 10 == 0;
    ASSERT_NO_FATAL_FAILURE(in_pieces(c.get(), s.get(), messages.request(), drip));
    ASSERT_NO_FATAL_FAILURE(in_pieces(s.get(), c.get(), messages.response(), drip));
  }
}

}  // namespace
}  // namespace hyalite

// Connections to upstreams that wait for a flow: by themselves, and between flows.
// SPDX-License-Identifier: MIT
#include "flow/upstream_pool.h"

#include <sys/socket.h>

#include "net/plain_transport.h"
#include "tests/flow/flows_on_loopback.h"

namespace hyalite {
namespace {

// ---- the pool by itself

struct Pool : ::testing::Test {
  Pool() : tally(MetricRow(cells.data(), layout), places) {
    settings.connections_per_worker = 3;
    settings.connections_per_client = 2;
    settings.idle = Seconds{30};
  }

  // What an upstream has of a connection that is kept.
  Fd keep(const UpstreamKey& key, bool sure = true, std::string_view said = "") {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    Fd upstream(ends[1]);
    EXPECT_TRUE(put(upstream.get(), said));
    auto connection = std::make_unique<UpstreamConnection>(*loop, callback<&Pool::on_ready>(*this));
    EXPECT_TRUE(connection->watch.start(ends[0]));
    connection->transport = std::make_unique<PlainTransport>(Fd(ends[0]));
    pool.keep(key, std::move(connection), sure);
    return upstream;
  }
  std::unique_ptr<UpstreamConnection> take(const UpstreamKey& key) { return pool.take(key, callback<&Pool::on_ready>(*this)); }
  void on_ready(Readiness) { ++told; }
  void pass(Milliseconds time) {
    for (; time > Milliseconds{0}; time -= Seconds{1}) clock.advance(Seconds{1}), wheel.advance();
  }
  std::uint64_t closed(IdleEnd why) { return cells[places.upstream_idle_closed.index + static_cast<std::size_t>(why)]; }
  std::uint64_t now() { return cells[places.upstream_idle.index]; }

  static UpstreamKey key(const char* client, const char* upstream = "198.51.100.1:80") { return {*IpAddress::parse(client), at(upstream)}; }

  std::unique_ptr<Loop> loop = *Loop::open();
  ManualClock clock;
  Wheel wheel{clock};
  Layout layout;
  const TallyPlaces places = TallyPlaces::declare(layout);
  std::vector<std::uint64_t> cells = std::vector<std::uint64_t>(layout.cells());
  Tally tally;
  ReuseSettings settings;
  UpstreamPool pool{settings, wheel, tally};
  int told = 0;
};

TEST_F(Pool, GivesAConnectionToTheSameClientAndDestinationOnly) {
  const Fd upstream = keep(key("192.0.2.1"));
  EXPECT_FALSE(take(key("192.0.2.2")));
  EXPECT_FALSE(take(key("192.0.2.1", "198.51.100.1:81")));
  EXPECT_FALSE(take(key("192.0.2.1", "198.51.100.2:80")));
  const auto taken = take(key("192.0.2.1"));
  ASSERT_TRUE(taken);
  EXPECT_EQ(now(), 0u);
  EXPECT_FALSE(take(key("192.0.2.1")));
  // Whoever took it is told of it.
  loop->run_once();
  told = 0;
  ASSERT_TRUE(put(upstream.get(), "x"));
  EXPECT_TRUE(pump(*loop, [&] { return told > 0; }));
}

TEST_F(Pool, GivesTheOneThatWasLeftLast) {
  const Fd first = keep(key("192.0.2.1")), second = keep(key("192.0.2.1"));
  const auto taken = take(key("192.0.2.1"));
  ASSERT_TRUE(put(second.get(), "x"));
  char byte;
  EXPECT_EQ(taken->transport->read({&byte, 1}).state, Moved::State::moved);
}

TEST_F(Pool, HoldsBothLimitsAndClosesWhatWasLongestIdle) {
  const Fd a = keep(key("192.0.2.1")), b = keep(key("192.0.2.1")), c = keep(key("192.0.2.1"));
  EXPECT_EQ(look(a.get()), EndSeen::ended);
  EXPECT_EQ(look(b.get()), EndSeen::open);
  const Fd d = keep(key("192.0.2.2")), e = keep(key("192.0.2.3"));
  EXPECT_EQ(look(b.get()), EndSeen::ended);
  EXPECT_EQ(look(c.get()), EndSeen::open);
  EXPECT_EQ(pool.size(), 3u);
  EXPECT_EQ(now(), 3u);
  EXPECT_EQ(closed(IdleEnd::evicted), 2u);
}

TEST_F(Pool, KeepsNoneLongerThanItMay) {
  const Fd a = keep(key("192.0.2.1"));
  pass(Seconds{20});
  const Fd b = keep(key("192.0.2.1"));
  pass(Seconds{12});
  EXPECT_EQ(look(a.get()), EndSeen::ended);
  EXPECT_EQ(look(b.get()), EndSeen::open);
  pass(Seconds{20});
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_EQ(closed(IdleEnd::expired), 2u);
}

TEST_F(Pool, ClosesOneWhoseUpstreamClosedOrSpoke) {
  Fd a = keep(key("192.0.2.1"));
  const Fd b = keep(key("192.0.2.1"));
  loop->run_once();
  EXPECT_EQ(pool.size(), 2u) << "that it may be written to is no reason";
  a.reset();
  ASSERT_TRUE(put(b.get(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
  EXPECT_TRUE(pump(*loop, [&] { return pool.size() == 0; }));
  EXPECT_EQ(closed(IdleEnd::upstream_closed), 1u);
  EXPECT_EQ(closed(IdleEnd::upstream_spoke), 1u);
  EXPECT_EQ(told, 0);
}

TEST_F(Pool, FindsItOutWhenOneIsTakenToo) {
  Fd a = keep(key("192.0.2.1"));
  const Fd b = keep(key("192.0.2.1"));
  a.reset();
  ASSERT_TRUE(put(b.get(), "x"));
  EXPECT_FALSE(take(key("192.0.2.1")));
  EXPECT_EQ(closed(IdleEnd::upstream_closed), 1u);
  EXPECT_EQ(closed(IdleEnd::upstream_spoke), 1u);
}

TEST_F(Pool, LooksOnceMoreWhereAFlowCouldNotBeSure) {
  const Fd a = keep(key("192.0.2.1"), false);
  EXPECT_EQ(pool.size(), 1u);
  const Fd b = keep(key("192.0.2.1"), false, "more");
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_EQ(cells[places.upstream_not_kept.index + static_cast<std::size_t>(NotKept::not_at_rest)], 1u);
}

TEST_F(Pool, ClosesAllWhenItDrainsAndKeepsNoMore) {
  const Fd a = keep(key("192.0.2.1"));
  pool.shed();
  EXPECT_EQ(look(a.get()), EndSeen::ended);
  const Fd b = keep(key("192.0.2.1"));
  pool.drain();
  EXPECT_EQ(look(b.get()), EndSeen::ended);
  const Fd c = keep(key("192.0.2.1"));
  EXPECT_EQ(look(c.get()), EndSeen::ended);
  EXPECT_EQ(closed(IdleEnd::drained), 1u);
  EXPECT_EQ(now(), 0u);
}

// ---- between flows

struct ReuseOnLoopback : FlowsOnLoopback {
  ReuseOnLoopback() { settings.upstream.reuse.enabled = true; }

  // A client with one request is over, and its upstream's connection is kept.
  Fd first_visit(std::optional<Address> from = std::nullopt) {
    Fd c = client_from(from);
    EXPECT_TRUE(put(c.get(), kClosing));
    Fd s = server();
    EXPECT_TRUE(arrives(s.get(), kGet));
    EXPECT_TRUE(put(s.get(), kOk));
    EXPECT_TRUE(arrives(c.get(), kOkAndClose));
    EXPECT_TRUE(becomes(c.get(), EndSeen::ended));
    c.reset();
    EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
    return s;
  }
  // `ends` ends it when it has the next request.
  void ask_once_more(Fd s, void (*ends)(Fd&)) {
    Fd c = client_from(at("192.0.2.1:3000"));
    ASSERT_TRUE(put(c.get(), kGet));
    ASSERT_TRUE(arrives(s.get(), kGet));
    ends(s);
    Fd another = server();
    ASSERT_TRUE(arrives(another.get(), kGet));
    ASSERT_TRUE(put(another.get(), kOk));
    ASSERT_TRUE(arrives(c.get(), kOk));
    EXPECT_EQ(count("hyalite_upstream_retried_total", ""), 1u);
  }
  std::uint64_t idle() { return count("hyalite_upstream_idle", ""); }

  static constexpr char kClosing[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  static constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  static constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  static constexpr char kOkAndClose[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
};

// The address that it says it comes from.
const Address kOne = at("192.0.2.1:1000"), kAgain = at("192.0.2.1:2000"), kOther = at("192.0.2.2:1000");

TEST_F(ReuseOnLoopback, LetAConnectionServeTheNextClientOfThatAddress) {
  start();
  Fd s = first_visit(kOne);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(idle(), 1u);
    Fd c = client_from(kAgain);
    ASSERT_TRUE(put(c.get(), kGet));
    ASSERT_TRUE(arrives(s.get(), kGet));
    EXPECT_EQ(idle(), 0u);
    ASSERT_TRUE(put(s.get(), kOk));
    ASSERT_TRUE(arrives(c.get(), kOk));
    // This one would stay, and then it leaves.
    c.reset();
    ASSERT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  }
  EXPECT_EQ(count("hyalite_upstream_reused_total", ""), 3u);
  EXPECT_EQ(count("hyalite_upstream_kept_total", ""), 4u);
  EXPECT_EQ(count("hyalite_connects_total", "connected"), 1u);
}

// A client was silent, so a connection was begun in case that its server speaks first; then it speaks, and needs that one no more.
TEST_F(ReuseOnLoopback, GiveUpAConnectionUnderWayForOneThatIsThere) {
  start();
  Fd s = first_visit();
  Fd occupant = occupy_origin();
  Fd c = silent_client();
  ASSERT_TRUE(put(c.get(), kClosing));
  ASSERT_TRUE(arrives(s.get(), kGet));
  ASSERT_TRUE(put(s.get(), kOk));
  EXPECT_TRUE(arrives(c.get(), kOkAndClose));
}

TEST_F(ReuseOnLoopback, NeverShareAConnectionBetweenAddresses) {
  start();
  Fd s = first_visit(kOne);
  Fd c = client_from(kOther);
  ASSERT_TRUE(put(c.get(), kGet));
  Fd another = server();
  ASSERT_TRUE(arrives(another.get(), kGet));
  EXPECT_EQ(take(s.get()), "");
  EXPECT_EQ(count("hyalite_upstream_reused_total", ""), 0u);
}

TEST_F(ReuseOnLoopback, GiveEachOfTwoAtOnceAConnectionOfItsOwn) {
  start();
  Fd s = first_visit(kOne);
  Fd c = client_from(kOne), d = client_from(kOne);
  ASSERT_TRUE(put(c.get(), kGet));
  ASSERT_TRUE(arrives(s.get(), kGet));
  ASSERT_TRUE(put(d.get(), kGet));
  Fd another = server();
  ASSERT_TRUE(arrives(another.get(), kGet));
}

TEST_F(ReuseOnLoopback, NeverGiveWhatCameUnaskedToTheNextClient) {
  start();
  {
    Fd c = client_from(kOne);
    ASSERT_TRUE(put(c.get(), kClosing));
    Fd s = server();
    ASSERT_TRUE(arrives(s.get(), kGet));
    ASSERT_TRUE(put(s.get(), std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    ASSERT_TRUE(arrives(c.get(), kOkAndClose));
    EXPECT_TRUE(becomes(s.get(), EndSeen::reset));
  }
  EXPECT_EQ(count("hyalite_refused_responses_total", "unasked_response"), 1u);
  EXPECT_EQ(count("hyalite_upstream_not_kept_total", "suspect"), 1u);
  // Or a moment later.
  Fd s = first_visit(kOne);
  ASSERT_TRUE(put(s.get(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
  Fd c = client_from(kOne);
  ASSERT_TRUE(put(c.get(), kGet));
  Fd another = server();
  ASSERT_TRUE(arrives(another.get(), kGet));
  ASSERT_TRUE(put(another.get(), kOk));
  ASSERT_TRUE(arrives(c.get(), kOk));
  EXPECT_EQ(count("hyalite_upstream_idle_closed_total", "upstream_spoke"), 1u);
}

TEST_F(ReuseOnLoopback, AskOnceMoreWhereUpstreamHadClosed) {
  start();
  ask_once_more(first_visit(kOne), [](Fd& s) { s.reset(); });
}

TEST_F(ReuseOnLoopback, AskOnceMoreWhereUpstreamsConnectionBroke) {
  start();
  ask_once_more(first_visit(kOne), [](Fd& s) { reset(s); });
}

TEST_F(ReuseOnLoopback, CloseWhatIsKeptWhenTheWorkerDrains) {
  start();
  Fd s = first_visit(kOne);
  flows->drain(Seconds{60});
  EXPECT_TRUE(becomes(s.get(), EndSeen::ended));
  EXPECT_EQ(count("hyalite_upstream_idle_closed_total", "drained"), 1u);
}

TEST_F(ReuseOnLoopback, CloseAConnectionWhoseServerClosesBehindItsAnswer) {
  start();
  Fd c = client_from(kOne);
  ASSERT_TRUE(put(c.get(), kClosing));
  Fd s = server();
  ASSERT_TRUE(arrives(s.get(), kGet));
  ASSERT_TRUE(put(s.get(), kOk));
  s.reset();
  ASSERT_TRUE(arrives(c.get(), kOkAndClose));
  EXPECT_TRUE(pump(*loop, [&] { return idle() == 0 && count("hyalite_upstream_not_kept_total", "not_at_rest") +
                                                              count("hyalite_upstream_idle_closed_total", "upstream_closed") == 1; }));
}

}  // namespace
}  // namespace hyalite

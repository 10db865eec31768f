// SPDX-License-Identifier: MIT
#include "net/connector.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <memory>
#include <vector>

#include "support/own_network.h"
#include "support/pump.h"
#include "support/tcp.h"

namespace hyalite {
namespace {

struct Attempt {
  Attempt() {
    memory_ = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  ~Attempt() {
    watch.stop();
    result.reset();
    munmap(memory_, kSize);
  }
  void on_done(ConnectResult got) {
    ++calls;
    result = std::move(got);
    if (end_connector) connector.reset();
  }
  void on_ready(Readiness ready) { told.push_back(ready); }
  const ConnectResult& start(const ConnectSpec& spec) {
    table.emplace(std::span<std::byte>(static_cast<std::byte*>(memory_), kSize));
    connector = std::make_unique<Connector>(*loop, wheel, watch, *table, 0,
                                            callback<&Attempt::on_done>(*this));
    connector->start(spec);
    EXPECT_EQ(calls, 0) << "`done` ran inside start()";
    EXPECT_TRUE(pump(*loop, [&] { return calls > 0; }));
    return *result;
  }
  std::vector<std::string> given_up() const {
    std::vector<std::string> list;
    for (const auto& one : result->given_up())
      list.push_back(std::string(name(one.source)) + " " + std::to_string(one.code));
    return list;
  }

  static constexpr std::size_t kSize = 4096;
  std::unique_ptr<Loop> loop = *Loop::open();
  ManualClock clock;
  Wheel wheel{clock};
  Watch watch{*loop, callback<&Attempt::on_ready>(*this)};
  void* memory_;
  std::optional<LoopTable> table;
  std::unique_ptr<Connector> connector;
  std::optional<ConnectResult> result;
  std::vector<Readiness> told;
  int calls = 0;
  bool end_connector = false;
};

TEST(Connector, ConnectsAndHandsOnTheWatch) {
  const Fd server = listen_at(at("127.0.0.1:0"));
  Attempt attempt;
  const auto& result = attempt.start({.remote = own_address(server.get())});
  ASSERT_TRUE(result.connection) << result.connection.error().text;
  const Connected& connected = *result.connection;
  EXPECT_TRUE(connected.ready.writable);
  EXPECT_EQ(connected.source, Source::own_address);
  EXPECT_EQ(connected.local, own_address(connected.fd.get()));
  EXPECT_TRUE(attempt.watch.watching());
  EXPECT_TRUE(attempt.told.empty());
  const Fd accepted(accept(server.get(), nullptr, nullptr));
  ASSERT_EQ(send(accepted.get(), "x", 1, 0), 1);
  ASSERT_TRUE(pump(*attempt.loop, [&] { return !attempt.told.empty(); }));
  EXPECT_TRUE(attempt.told[0].readable);
}

TEST(Connector, HandsOnWhatTheServerSaidFirst) {
  // The bytes and the end wait before the loop takes its first look: one edge tells all.
  const Fd server = listen_at(at("127.0.0.1:0"));
  Attempt attempt;
  attempt.table.emplace(std::span<std::byte>());
  attempt.connector =
      std::make_unique<Connector>(*attempt.loop, attempt.wheel, attempt.watch, *attempt.table, 0,
                                  callback<&Attempt::on_done>(attempt));
  attempt.connector->start({.remote = own_address(server.get())});
  {
    const Fd accepted(accept(server.get(), nullptr, nullptr));
    ASSERT_EQ(send(accepted.get(), "220 hello\r\n", 11, 0), 11);
  }
  ASSERT_TRUE(pump(*attempt.loop, [&] { return attempt.calls == 1; }));
  ASSERT_TRUE(attempt.result->connection);
  const Readiness ready = attempt.result->connection->ready;
  EXPECT_TRUE(ready.readable && ready.writable && ready.closed);
  EXPECT_TRUE(attempt.result->connection->unguarded);
}

TEST(Connector, MirrorsARefusal) {
  Fd server = listen_at(at("127.0.0.1:0"));
  const Address address = own_address(server.get());
  server.reset();
  Attempt attempt;
  const auto& result = attempt.start({.remote = address});
  ASSERT_FALSE(result.connection);
  EXPECT_EQ(result.connection.error().code, ECONNREFUSED);
  EXPECT_EQ(result.connection.error().fault, Fault::upstream);
  EXPECT_FALSE(attempt.watch.watching());
}

TEST(Connector, TellsAnImmediateFailureOnTheLoopToo) {
  in_own_network([] {
    Attempt attempt;
    const auto& result = attempt.start({.remote = at("192.0.2.1:80")});
    ASSERT_FALSE(result.connection);
    EXPECT_EQ(result.connection.error().code, ENETUNREACH);
    EXPECT_EQ(attempt.calls, 1);
  });
}

TEST(Connector, GivesUpAtItsDeadline) {
  in_own_network([] {
    make_wan_to_nowhere();
    Attempt attempt;
    attempt.table.emplace(std::span<std::byte>());
    Connector connector(*attempt.loop, attempt.wheel, attempt.watch, *attempt.table, 0,
                        callback<&Attempt::on_done>(attempt));
    connector.start({.remote = at("192.0.2.1:80"), .within = Seconds{10}});
    attempt.loop->run_once();
    attempt.clock.advance(Milliseconds{9'999});
    attempt.wheel.advance();
    EXPECT_EQ(attempt.calls, 0);
    attempt.clock.advance(Milliseconds{1'001});
    attempt.wheel.advance();
    ASSERT_EQ(attempt.calls, 1);
    EXPECT_EQ(attempt.result->connection.error().code, ETIMEDOUT);
    EXPECT_EQ(attempt.result->connection.error().fault, Fault::upstream);
    EXPECT_FALSE(connector.running());
  });
}

TEST(Connector, DoesNotCallAfterItIsDestroyedOrCancelled) {
  const Fd server = listen_at(at("127.0.0.1:0"));
  Attempt attempt;
  attempt.table.emplace(std::span<std::byte>());
  for (const bool destroy : {true, false}) {
    auto connector =
        std::make_unique<Connector>(*attempt.loop, attempt.wheel, attempt.watch, *attempt.table, 0,
                                    callback<&Attempt::on_done>(attempt));
    connector->start({.remote = own_address(server.get())});
    if (destroy)
      connector.reset();
    else
      connector->cancel();
    for (int i = 0; i < 10; ++i) attempt.loop->run_once();
    EXPECT_EQ(attempt.calls, 0);
    EXPECT_FALSE(attempt.watch.watching());
  }
}

TEST(Connector, MayBeDestroyedInsideDone) {
  const Fd server = listen_at(at("127.0.0.1:0"));
  Attempt attempt;
  attempt.end_connector = true;
  EXPECT_TRUE(attempt.start({.remote = own_address(server.get())}).connection);
}

TEST(Connector, StandsInTheLoopTableUntilItsGuardIsGivenUp) {
  const Fd server = listen_at(at("127.0.0.1:0"));
  const Address remote = own_address(server.get());
  Attempt attempt;
  attempt.start({.remote = remote});
  Connected& connected = *attempt.result->connection;
  EXPECT_FALSE(connected.unguarded);
  EXPECT_TRUE(attempt.table->contains(connected.local, remote));
  connected.guard.remove();
  EXPECT_FALSE(attempt.table->contains(connected.local, remote));
}

TEST(Connector, LeavesNothingInTheLoopTableWhenItFails) {
  Fd server = listen_at(at("127.0.0.1:0"));
  const Address address = own_address(server.get());
  server.reset();
  Attempt attempt;
  attempt.start({.remote = address});
  for (std::uint32_t port = 1; port < 65536; ++port) {
    ASSERT_FALSE(
        attempt.table->contains({at("127.0.0.1:0").ip, static_cast<std::uint16_t>(port)}, address));
  }
}

// The client is 10.7.7.7 or fd07::7, not ours; what is sent to it comes back to us, as a return
// rule arranges.
void make_network() {
  shell("ip addr add 10.1.0.1/24 dev lo && ip addr add fd01::1/64 dev lo nodad");
  shell("ip route add local 10.7.7.0/24 dev lo table 100 && ip rule add iif lo lookup 100");
  shell("ip -6 route add local fd07::/64 dev lo table 100 && ip -6 rule add iif lo lookup 100");
}

TEST(Connector, GoesAsTheClient) {
  in_own_network([] {
    make_network();
    for (const auto& [client, address] :
         {std::pair{"10.7.7.7:5000", "10.1.0.1:80"}, {"[fd07::7]:5000", "[fd01::1]:80"}}) {
      const Fd server = listen_at(at(address));
      for (const bool keep_port : {false, true}) {
        Attempt attempt;
        const auto& result = attempt.start({.remote = at(address),
                                            .as_client = ClientAddress{at(client)},
                                            .keep_client_port = keep_port,
                                            .data_follows = true});
        ASSERT_TRUE(result.connection) << result.connection.error().text;
        EXPECT_EQ(result.connection->source,
                  keep_port ? Source::client_address_and_port : Source::client_address);
        EXPECT_EQ(result.connection->local.ip, at(client).ip);
        EXPECT_EQ(result.connection->local.port == 5000, keep_port);
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const Fd accepted(accept(server.get(), reinterpret_cast<sockaddr*>(&peer), &size));
        EXPECT_EQ(Address::from_sockaddr(reinterpret_cast<sockaddr*>(&peer)),
                  result.connection->local);
        EXPECT_TRUE(result.given_up().empty());
      }
    }
  });
}

TEST(Connector, TakesAPortOfItsOwnWhenTheClientsIsTaken) {
  in_own_network([] {
    make_network();
    const Fd server = listen_at(at("10.1.0.1:80"));
    const Fd in_the_way = listen_at(at("0.0.0.0:5000"));
    Attempt attempt;
    const auto& result = attempt.start({.remote = at("10.1.0.1:80"),
                                        .as_client = ClientAddress{at("10.7.7.7:5000")},
                                        .keep_client_port = true});
    ASSERT_TRUE(result.connection);
    EXPECT_EQ(result.connection->source, Source::client_address);
    EXPECT_EQ(attempt.given_up(),
              std::vector{"client_address_and_port " + std::to_string(EADDRINUSE)});
  });
}

TEST(Connector, GoesAsItselfWhenThePortsOfTheClientsAddressAreExhaustedAndItMay) {
  in_own_network([] {
    make_network();
    shell("echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range");
    const Fd server = listen_at(at("10.1.0.1:80"));
    const ConnectSpec as_client{.remote = at("10.1.0.1:80"),
                                .as_client = ClientAddress{at("10.7.7.7:5000")}};
    Attempt one, two, three, four;
    ASSERT_TRUE(one.start(as_client).connection);
    ASSERT_TRUE(two.start(as_client).connection);
    const auto& refused = three.start(as_client);
    ASSERT_FALSE(refused.connection);
    EXPECT_TRUE(means_ports_exhausted(refused.connection.error().code));
    EXPECT_EQ(refused.connection.error().fault, Fault::us);
    ConnectSpec as_itself = as_client;
    as_itself.may_use_own_address = true;
    const auto& result = four.start(as_itself);
    ASSERT_TRUE(result.connection);
    EXPECT_EQ(result.connection->source, Source::own_address);
    EXPECT_EQ(four.given_up(), std::vector{"client_address " + std::to_string(EADDRNOTAVAIL)});
    // A port is taken per destination, not per address.
    const Fd other = listen_at(at("10.1.0.1:81"));
    Attempt five;
    ConnectSpec elsewhere = as_client;
    elsewhere.remote = at("10.1.0.1:81");
    EXPECT_TRUE(five.start(elsewhere).connection);
  });
}

TEST(Connector, CannotGoAsAClientOfTheOtherFamily) {
  in_own_network([] {
    make_network();
    const Fd server = listen_at(at("[fd01::1]:80"));
    Attempt attempt;
    const auto& result = attempt.start({.remote = at("[fd01::1]:80"),
                                        .as_client = ClientAddress{at("10.7.7.7:5000")},
                                        .may_use_own_address = true});
    ASSERT_TRUE(result.connection);
    EXPECT_EQ(attempt.given_up(), std::vector{"client_address " + std::to_string(EAFNOSUPPORT)});
  });
}

void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[2] = {};
  ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
}

TEST(Connector, NamesTheCapabilityThatIsMissing) {
  in_own_network([] {
    make_network();
    const Fd server = listen_at(at("10.1.0.1:80"));
    drop_capabilities();
    Attempt as_client, marked, unmarked;
    const auto& refused = as_client.start(
        {.remote = at("10.1.0.1:80"), .as_client = ClientAddress{at("10.7.7.7:5000")}});
    ASSERT_FALSE(refused.connection);
    EXPECT_EQ(refused.connection.error().code, EPERM);
    EXPECT_EQ(refused.connection.error().fault, Fault::operator_);
    EXPECT_NE(refused.connection.error().text.find("CAP_NET_RAW"), std::string::npos);
    const auto& fatal =
        marked.start({.remote = at("10.1.0.1:80"), .mark = 0x200000, .mark_required = true});
    ASSERT_FALSE(fatal.connection);
    EXPECT_EQ(fatal.connection.error().code, EPERM);
    const auto& reported = unmarked.start({.remote = at("10.1.0.1:80"), .mark = 0x200000});
    ASSERT_TRUE(reported.connection);
    EXPECT_TRUE(reported.connection->unmarked);
  });
}

TEST(Connector, MarksItsPackets) {
  in_own_network([] {
    make_network();
    // Only what carries the mark finds the server.
    shell(
        "nft 'table inet t { chain o { type filter hook output priority 0; tcp dport 80 meta mark "
        "!= 0x200000 reject; }; }'");
    const Fd server = listen_at(at("10.1.0.1:80"));
    Attempt with, without;
    const auto& result =
        with.start({.remote = at("10.1.0.1:80"), .mark = 0x200000, .mark_required = true});
    ASSERT_TRUE(result.connection) << result.connection.error().text;
    EXPECT_FALSE(result.connection->unmarked);
    EXPECT_FALSE(without.start({.remote = at("10.1.0.1:80")}).connection);
  });
}

}  // namespace
}  // namespace hyalite

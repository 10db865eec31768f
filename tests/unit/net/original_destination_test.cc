// SPDX-License-Identifier: MIT
#include "net/original_destination.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "net/listening_socket.h"
#include "support/own_network.h"
#include "support/tcp.h"

namespace hyalite {
namespace {

// A gateway in one network: its own addresses are 10.1.0.1 and fd01::1, the Internet is beyond a
// link that leads nowhere.
struct Gateway {
  Gateway() {
    make_wan_to_nowhere();
    auto opened = open_listening_socket({.address = at("[::]:8080"), .transparent = true});
    EXPECT_TRUE(opened) << opened.error().text;
    listening = *std::move(opened);
  }
  // How the arrival of a client that connects to `address` is judged.
  std::variant<Arrival, ArrivalRefusal> connect(const char* address) {
    return connect(address, arrivals);
  }
  std::variant<Arrival, ArrivalRefusal> connect(const char* address, Arrivals& judge) {
    client = connect_to(at(address));
    EXPECT_NE(recv(client.get(), nullptr, 0, MSG_DONTWAIT), 0);
    accepted.reset(accept(listening.get(), nullptr, nullptr));
    return judge.judge(accepted.get(), ClientAddress{own_address(client.get())});
  }

  Fd listening, client, accepted;
  ManualClock clock;
  LocalAddresses local{clock};
  std::vector<std::byte> memory_ = std::vector<std::byte>(LoopTable::bytes_for(16) + 64);
  LoopTable table{aligned(memory_)};
  Arrivals arrivals{{8080, 8081}, local, table};

  static std::span<std::byte> aligned(std::vector<std::byte>& memory) {
    const auto start = (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64;
    return {reinterpret_cast<std::byte*>(start), memory.size() - 64};
  }
};

void expect_arrival(const std::variant<Arrival, ArrivalRefusal>& verdict, const char* destination,
                    ArrivalMode mode) {
  ASSERT_TRUE(std::holds_alternative<Arrival>(verdict)) << name(std::get<ArrivalRefusal>(verdict));
  EXPECT_EQ(std::get<Arrival>(verdict).destination.text(), destination);
  EXPECT_STREQ(name(std::get<Arrival>(verdict).mode), name(mode));
}

void expect_refusal(const std::variant<Arrival, ArrivalRefusal>& verdict, ArrivalRefusal why) {
  ASSERT_TRUE(std::holds_alternative<ArrivalRefusal>(verdict))
      << std::get<Arrival>(verdict).destination.text();
  EXPECT_STREQ(name(std::get<ArrivalRefusal>(verdict)), name(why));
}

void capture_by_routing() {
  shell(
      "ip route add local default dev lo src 10.1.0.1 table 100 && ip -6 route add local default "
      "dev lo src fd01::1 table 100");
  shell(
      "ip rule add iif lo ipproto tcp dport 8080 lookup 100 && ip -6 rule add iif lo ipproto tcp "
      "dport 8080 lookup 100");
}

void capture_by_redirect() {
  shell(
      "nft 'table inet t { chain o { type nat hook output priority -100; tcp dport { 80, 8081 } "
      "redirect to :8080; }; }'");
}

TEST(OriginalDestination, IsTheSocketsOwnAddressWhereRoutingOrTproxyBroughtTheClient) {
  in_own_network([] {
    Gateway gateway;
    capture_by_routing();
    // The destination's port is the listener's own; its address is not ours.
    expect_arrival(gateway.connect("192.0.2.7:8080"), "192.0.2.7:8080",
                   ArrivalMode::transparent);
    expect_arrival(gateway.connect("[2001:db8::7]:8080"), "[2001:db8::7]:8080",
                   ArrivalMode::transparent);
  });
}

TEST(OriginalDestination, IsWhatConntrackRemembersAfterRedirect) {
  in_own_network([] {
    Gateway gateway;
    capture_by_redirect();
    expect_arrival(gateway.connect("192.0.2.7:80"), "192.0.2.7:80", ArrivalMode::redirect);
    expect_arrival(gateway.connect("[2001:db8::7]:80"), "[2001:db8::7]:80", ArrivalMode::redirect);
    // Somebody else's server that happens to use a port of ours.
    expect_arrival(gateway.connect("192.0.2.7:8081"), "192.0.2.7:8081", ArrivalMode::redirect);
  });
}

TEST(OriginalDestination, IsNoneWhereTheClientMeantTheProxyItself) {
  in_own_network([] {
    Gateway gateway;
    for (const char* address :
         {"127.0.0.1:8080", "10.1.0.1:8080", "[::1]:8080", "[fd01::1]:8080"}) {
      expect_refusal(gateway.connect(address), ArrivalRefusal::direct_hit);
    }
    // The same with conntrack, which now answers with the proxy's own address.
    capture_by_redirect();
    for (const char* address :
         {"127.0.0.1:8080", "10.1.0.1:8080", "[::1]:8080", "[fd01::1]:8080"}) {
      expect_refusal(gateway.connect(address), ArrivalRefusal::direct_hit);
    }
  });
}

TEST(OriginalDestination, IsAnAddressThatWasMadeOursForIt) {
  in_own_network([] {
    Gateway gateway;
    shell("ip route add local 192.0.2.7 dev lo && ip -6 route add local 2001:db8::7 dev lo");
    expect_refusal(gateway.connect("192.0.2.7:8080"), ArrivalRefusal::direct_hit);
    Arrivals named({8080, 8081}, gateway.local, gateway.table,
                   {*Network::parse("192.0.2.7"), *Network::parse("2001:db8::/32")});
    expect_arrival(gateway.connect("192.0.2.7:8080", named), "192.0.2.7:8080",
                   ArrivalMode::transparent);
    expect_arrival(gateway.connect("[2001:db8::7]:8080", named), "[2001:db8::7]:8080",
                   ArrivalMode::transparent);
    expect_refusal(gateway.connect("10.1.0.1:8080", named), ArrivalRefusal::direct_hit);
  });
}

TEST(OriginalDestination, IsRefusedWhereItIsAnotherListenerOfOurs) {
  in_own_network([] {
    Gateway gateway;
    capture_by_redirect();
    expect_refusal(gateway.connect("10.1.0.1:8081"), ArrivalRefusal::loop_to_listener);
    expect_refusal(gateway.connect("[fd01::1]:8081"), ArrivalRefusal::loop_to_listener);
    expect_refusal(gateway.arrivals.judge_fixed(OriginalDestination{at("127.0.0.1:8081")},
                                                ClientAddress{at("127.0.0.1:1")}),
                   ArrivalRefusal::loop_to_listener);
  });
}

TEST(OriginalDestination, IsRefusedWhereTheClientIsAnUpstreamConnectionOfOursWithoutAnAnswer) {
  in_own_network([] {
    Gateway gateway;
    capture_by_redirect();
    gateway.connect("192.0.2.7:80");
    const ClientAddress client{own_address(gateway.client.get())};
    auto entry = gateway.table.insert(0, client, at("192.0.2.7:80"));
    expect_refusal(gateway.arrivals.judge(gateway.accepted.get(), client),
                   ArrivalRefusal::loop_of_ours);
    entry.remove();  // the origin has answered: then it was no loop
    expect_arrival(gateway.arrivals.judge(gateway.accepted.get(), client), "192.0.2.7:80",
                   ArrivalMode::redirect);
  });
}

}  // namespace
}  // namespace hyalite

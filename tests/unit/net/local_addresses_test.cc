// SPDX-License-Identifier: MIT
#include "net/local_addresses.h"

#include <gtest/gtest.h>

#include "support/own_network.h"
#include "support/tcp.h"

namespace hyalite {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(LocalAddresses, KnowsAllOfThisMachine) {
  in_own_network([] {
    shell("ip addr add 10.1.2.3/32 dev lo && ip addr add fd01::3/64 dev lo nodad");
    // What interception adds must not make the whole Internet local.
    shell(
        "ip route add local default dev lo table 100 && ip rule add iif lo ipproto tcp dport 80 "
        "lookup 100");
    shell(
        "ip -6 route add local default dev lo table 100 && ip -6 rule add iif lo ipproto tcp dport "
        "80 lookup 100");
    ManualClock clock;
    LocalAddresses local(clock);
    for (const char* ours : {"127.0.0.1", "127.9.9.9", "10.1.2.3", "::1", "fd01::3", "fe80::1"}) {
      EXPECT_TRUE(local.contains(ip(ours))) << ours;
    }
    for (const char* not_ours : {"10.1.2.4", "8.8.8.8", "fd01::4", "2001:db8::1", "0.0.0.0",
                                 "::", "255.255.255.255", "240.0.0.1", "224.0.0.1", "ff02::1"}) {
      EXPECT_FALSE(local.contains(ip(not_ours))) << not_ours;
    }
  });
}

TEST(LocalAddresses, AreNotFooledWhereEverybodyMayBindEverywhere) {
  in_own_network([] {
    shell("ip addr add 10.1.2.3/32 dev lo && ip addr add fd01::3/64 dev lo nodad");
    shell(
        "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind && echo 1 > "
        "/proc/sys/net/ipv6/ip_nonlocal_bind");
    ManualClock clock;
    LocalAddresses local(clock);
    for (const char* ours : {"127.0.0.1", "127.9.9.9", "10.1.2.3", "::1", "fd01::3"})
      EXPECT_TRUE(local.contains(ip(ours))) << ours;
    for (const char* not_ours : {"10.1.2.4", "8.8.8.8", "fd01::4", "2001:db8::1"})
      EXPECT_FALSE(local.contains(ip(not_ours))) << not_ours;
  });
}

TEST(LocalAddresses, RememberAnAnswerForSomeSecondsOnly) {
  in_own_network([] {
    ManualClock clock;
    LocalAddresses local(clock, 100, Seconds{5});
    EXPECT_FALSE(local.contains(ip("10.1.2.3")));
    shell("ip addr add 10.1.2.3/32 dev lo");
    EXPECT_FALSE(local.contains(ip("10.1.2.3")));
    clock.advance(Seconds{5});
    EXPECT_TRUE(local.contains(ip("10.1.2.3")));
  });
}

TEST(LocalAddresses, RememberNoMoreThanAllowedAndForgetTheOldestFirst) {
  in_own_network([] {
    ManualClock clock;
    LocalAddresses local(clock, 2, Seconds{5});
    for (const char* one : {"10.1.2.1", "10.1.2.2", "10.1.2.3"})
      EXPECT_FALSE(local.contains(ip(one)));
    for (const char* one : {"10.1.2.1", "10.1.2.2", "10.1.2.3"})
      shell(std::string("ip addr add dev lo ") + one + "/32");
    EXPECT_FALSE(local.contains(ip("10.1.2.3")));
    EXPECT_FALSE(local.contains(ip("10.1.2.2")));
    EXPECT_TRUE(local.contains(ip("10.1.2.1")));
  });
}

}  // namespace
}  // namespace hyalite

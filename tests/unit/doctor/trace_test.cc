// Packets through packet rules.
// SPDX-License-Identifier: MIT
#include "doctor/trace.h"

#include <gtest/gtest.h>

#include "healthy.h"

namespace hyalite {
namespace {

Packet beginning(bool v6 = false) {
  Packet packet;
  packet.v6 = v6;
  packet.iif = "lan";
  packet.to = *IpAddress::parse(v6 ? "2001:db8::1" : "198.51.100.1");
  packet.sport = 40000;
  packet.dport = 80;
  packet.begins = true;
  return packet;
}

Traced through(const std::string& rules, const Packet& packet, bool listens = true,
               std::string_view hook = "prerouting") {
  const auto ruleset = read_ruleset(rules);
  EXPECT_TRUE(ruleset);
  return trace(*ruleset, hook, packet,
               [listens](std::uint16_t, const std::string&, bool) { return listens; });
}

// One chain at prerouting with one rule.
std::string rule(const std::string& steps, const std::string& type = "filter",
                 const std::string& policy = "accept") {
  return R"({"nftables":[{"chain":{"family":"inet","table":"t","name":"c","type":")" + type +
         R"(","hook":"prerouting","prio":0,"policy":")" + policy +
         R"("}},{"rule":{"family":"inet","table":"t","chain":"c","handle":1,"expr":[)" + steps +
         "]}}]}";
}

TEST(Trace, TproxyTakesAConnectionMarksItAndIsPassedOverWithoutASocket) {
  for (const bool v6 : {false, true}) {
    const Traced there = through(kHealthyRules, beginning(v6));
    EXPECT_TRUE(there.diverted);
    EXPECT_EQ(there.packet.mark, 0x100000u);
    const Traced alone = through(kHealthyRules, beginning(v6), false);
    EXPECT_FALSE(alone.diverted);
    EXPECT_EQ(alone.end, Traced::End::rejected);
  }
}

TEST(Trace, OtherInterfacesPortsAndOwnAddressesPassUntouched) {
  Packet packet = beginning();
  packet.iif = "eth7";
  EXPECT_EQ(through(kHealthyRules, packet).packet.mark, 0u);
  packet = beginning();
  packet.dport = 81;
  EXPECT_FALSE(through(kHealthyRules, packet).diverted);
  packet = beginning();
  packet.to_this_machine = true;
  EXPECT_FALSE(through(kHealthyRules, packet).diverted);
}

TEST(Trace, ASocketForOtherAddressesIsFollowedAListeningOneIsNot) {
  Packet packet = beginning();
  packet.begins = false;
  packet.socket = Packet::Socket::transparent;
  EXPECT_EQ(through(kHealthyRules, packet).packet.mark, 0x100000u);
  packet.socket = Packet::Socket::listening;
  EXPECT_EQ(through(kHealthyRules, packet).packet.mark, 0u);
}

TEST(Trace, RejectedUdpIsRejected) {
  Packet packet = beginning();
  packet.protocol = "udp";
  packet.begins = false;
  packet.dport = 443;
  EXPECT_EQ(through(kHealthyRules, packet).end, Traced::End::rejected);
}

TEST(Trace, TproxyInANatChainDoesNothing) {
  const Traced there =
      through(rule(R"({"tproxy":{"port":8080}},{"accept":null})", "nat"), beginning());
  EXPECT_FALSE(there.diverted);
  EXPECT_TRUE(there.tproxy_in_nat);
}

TEST(Trace, ThePolicyIsTheLastRule) {
  const std::string dropping = rule(
      R"({"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"lo"}},{"accept":null})",
      "filter", "drop");
  const Traced there = through(dropping, beginning());
  EXPECT_EQ(there.end, Traced::End::dropped);
  EXPECT_EQ(there.decided_by, "chain c of table inet t");
}

TEST(Trace, WhatIsNotUnderstoodIsADoubt) {
  const Traced there = through(
      rule(R"({"match":{"op":"==","left":{"osf":{"key":"name"}},"right":"Linux"}},{"drop":null})"),
      beginning());
  EXPECT_TRUE(there.passes());
  EXPECT_EQ(there.doubts.size(), 1u);
}

struct Match {
  const char* left;
  const char* op;
  const char* right;
  bool holds;
};

TEST(Trace, MatchesHoldAsNftSays) {
  for (
      const Match& it : {
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", "==", "80", true},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", "!=", "80", false},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", "==", R"({"range":[1,79]})",
                false},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})",
                "==", R"({"set":[25,{"range":[79,81]}]})", true},
          Match{R"({"payload":{"protocol":"udp","field":"dport"}})", "==", "80", false},
          Match{R"({"payload":{"protocol":"udp","field":"dport"}})", "!=", "81",
                false},  // no UDP at all
          Match{R"({"payload":{"protocol":"ip","field":"daddr"}})",
                "==", R"({"prefix":{"addr":"198.51.100.0","len":24}})", true},
          Match{R"({"payload":{"protocol":"ip6","field":"daddr"}})", "!=", R"("2001:db8::5")",
                false},  // no IPv6 at all
          Match{R"({"meta":{"key":"iifname"}})", "==", R"("la*")", true},
          Match{R"({"meta":{"key":"iifname"}})", "!=", R"({"set":["lan","lo"]})", false},
          Match{R"({"meta":{"key":"nfproto"}})", "==", R"("ipv4")", true},
          Match{R"({"ct":{"key":"state"}})", "in", R"(["established","new"])", true},
          Match{R"({"&":[{"meta":{"key":"mark"}},1048576]})", "!=", "0", false},
          Match{
              R"({"&":[{"payload":{"protocol":"tcp","field":"flags"}},["fin","syn","rst","ack"]]})",
              "==", R"("syn")", true},
          Match{R"({"socket":{"key":"transparent"}})", "==", "1", false},
          Match{R"({"ct":{"key":"status"}})", "in", R"("dnat")", false},
      }) {
    const std::string steps = std::string(R"({"match":{"op":")") + it.op + R"(","left":)" +
                              it.left + R"(,"right":)" + it.right + R"(}},{"drop":null})";
    EXPECT_EQ(through(rule(steps), beginning()).end,
              it.holds ? Traced::End::dropped : Traced::End::passed)
        << steps;
  }
}

TEST(Trace, TheMarkOfAConnectionIsFollowed) {
  const std::string set =
      R"({"mangle":{"key":{"ct":{"key":"mark"}},"value":{"|":[{"ct":{"key":"mark"}},256]}}},)";
  const std::string ask =
      R"({"match":{"op":"!=","left":{"&":[{"ct":{"key":"mark"}},256]},"right":0}},{"drop":null})";
  EXPECT_TRUE(through(rule(ask), beginning()).passes());
  EXPECT_FALSE(through(rule(set + ask), beginning()).passes());
}

TEST(Trace, NamedSetsAreLookedUp) {
  const std::string rules =
      R"({"nftables":[{"set":{"family":"inet","table":"t","name":"ports","type":"inet_service","handle":1,"elem":[25,{"elem":{"val":80,"timeout":5}}]}},)" +
      rule(
          R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":"@ports"}},{"drop":null})")
          .substr(13);
  EXPECT_FALSE(through(rules, beginning()).passes());
}

TEST(Trace, NothingThatIsNoListOfRulesIsRead) {
  for (const char* text : {"", "{}", "[]", "{\"nftables\":{}}", "{\"nftables\":[", "null"})
    EXPECT_FALSE(read_ruleset(text)) << text;
  EXPECT_TRUE(read_ruleset(
      R"({"nftables":[{"rule":{"expr":[{},{"match":{}},5,{"jump":{}}]}},{"chain":{}},7,{"set":{"elem":[{}]}}]})"));
}

}  // namespace
}  // namespace hyalite

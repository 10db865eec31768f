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
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", "<", "1024", true},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", "<", "80", false},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", "<=", "80", true},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", ">", "79", true},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", ">", "80", false},
          Match{R"({"payload":{"protocol":"tcp","field":"dport"}})", ">=", "80", true},
          Match{R"({"payload":{"protocol":"udp","field":"dport"}})", "<", "1024", false},
          Match{R"({"payload":{"protocol":"tcp","field":"flags"}})", "<", R"("rst")", true},
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
          Match{R"({"ct":{"key":"state"}})", "!", R"(["established","related"])", true},
          Match{R"({"ct":{"key":"state"}})", "!", R"(["established","new"])", false},
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

TEST(Trace, AComparedAddressIsADoubt) {
  const Traced there = through(
      rule(
          R"({"match":{"op":"<","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"10.0.0.5"}},{"drop":null})"),
      beginning());
  EXPECT_TRUE(there.passes());
  EXPECT_EQ(there.doubts.size(), 1u);
}

struct FlagsMatch {
  const char* op;
  const char* mask;  // empty: none
  const char* right;
  bool first, rest;  // does it hold for the first packet, and for what follows?
};

std::string asking_flags(const FlagsMatch& it) {
  const std::string field = R"({"payload":{"protocol":"tcp","field":"flags"}})";
  const std::string mask = it.mask;
  const std::string left = mask.empty() ? field : R"({"&":[)" + field + "," + mask + "]}";
  return std::string(R"({"match":{"op":")") + it.op + R"(","left":)" + left + R"(,"right":)" +
         it.right + R"(}},{"drop":null})";
}

Packet following() {
  Packet packet = beginning();
  packet.begins = false;
  return packet;
}

// As nft 1.0.6 writes them, behind the rule that was given to it.
TEST(Trace, TcpFlagsAreBits) {
  for (const FlagsMatch& it : {
           // tcp flags & (fin|syn) == (fin|syn)
           FlagsMatch{"==", R"(["fin","syn"])", R"(["fin","syn"])", false, false},
           // tcp flags & (syn|rst) == (syn|rst)
           FlagsMatch{"==", R"(["syn","rst"])", R"(["syn","rst"])", false, false},
           // tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0
           FlagsMatch{"!", "", R"(["fin","syn","rst","psh","ack","urg"])", false, false},
           // The same, as older ones write it.
           FlagsMatch{"==", R"({"|":[{"|":["fin","syn"]},"ack"]})", "0", false, false},
           // tcp flags & (fin|syn|rst|psh|ack|urg) == fin|psh|urg
           FlagsMatch{"==", R"(["fin","syn","rst","psh","ack","urg"])", R"(["fin","psh","urg"])",
                      false, false},
           // tcp flags & (fin|syn|rst|ack) != syn
           FlagsMatch{"!=", R"(["fin","syn","rst","ack"])", R"("syn")", false, true},
           // tcp flags & syn == syn; tcp flags ! syn
           FlagsMatch{"==", R"("syn")", R"("syn")", true, false},
           FlagsMatch{"!", "", R"("syn")", false, true},
           // tcp flags syn; tcp flags syn,ack; tcp flags 0
           FlagsMatch{"in", "", R"("syn")", true, false},
           FlagsMatch{"in", "", R"(["syn","ack"])", true, true},
           FlagsMatch{"in", "", "0", false, false},
           // tcp flags == syn; tcp flags != syn; tcp flags == 0x18
           FlagsMatch{"==", "", R"("syn")", true, false},
           FlagsMatch{"!=", "", R"("syn")", false, true},
           FlagsMatch{"==", "", "24", false, true},
           // tcp flags { syn, psh|ack }; tcp flags & (fin|syn) != { fin, syn }
           FlagsMatch{"==", "", R"({"set":[{"|":["psh","ack"]},"syn"]})", true, true},
           FlagsMatch{"!=", R"({"|":["fin","syn"]})", R"({"set":["fin","syn"]})", false, true},
           // tcp flags 1-3
           FlagsMatch{"==", "", R"({"range":["fin",3]})", true, false},
       }) {
    const std::string steps = asking_flags(it);
    EXPECT_EQ(through(rule(steps), beginning()).passes(), !it.first) << steps;
    EXPECT_EQ(through(rule(steps), following()).passes(), !it.rest) << steps;
    Packet other = following();
    other.protocol = "udp";
    EXPECT_TRUE(through(rule(steps), other).passes()) << steps;
  }
}

TEST(Trace, TcpFlagsThatCannotBeReadAreADoubt) {
  for (const FlagsMatch& it : {
           FlagsMatch{"==", R"({"^":["syn","ack"]})", R"("syn")", false, false},
           FlagsMatch{"==", R"(["syn","new"])", R"("syn")", false, false},
           FlagsMatch{"==", "", R"("new")", false, false},
           FlagsMatch{"in", "", R"({"^":["syn","ack"]})", false, false},
       }) {
    const Traced there = through(rule(asking_flags(it)), beginning());
    EXPECT_TRUE(there.passes());
    EXPECT_EQ(there.doubts.size(), 1u) << asking_flags(it);
  }
}

TEST(Trace, NamedSetsOfFlagsAreLookedUp) {
  const std::string rules =
      R"({"nftables":[{"set":{"family":"inet","table":"t","name":"odd","type":"tcp_flag","handle":1,"elem":[{"|":["fin","syn"]},"rst"]}},)" +
      rule(asking_flags({"!=", "", R"("@odd")", true, true})).substr(13);
  EXPECT_FALSE(through(rules, beginning()).passes());
  EXPECT_FALSE(through(rules, following()).passes());
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

TEST(Trace, AnEmptySetHoldsNothing) {
  const std::string rules =
      R"({"nftables":[{"set":{"family":"inet","table":"t","name":"banned","type":"ipv4_addr","handle":1}},)" +
      rule(
          R"({"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@banned"}},{"drop":null})")
          .substr(13);
  const Traced there = through(rules, beginning());
  EXPECT_TRUE(there.passes());
  EXPECT_TRUE(there.doubts.empty());
}

TEST(Trace, NothingThatIsNoListOfRulesIsRead) {
  for (const char* text : {"", "{}", "[]", "{\"nftables\":{}}", "{\"nftables\":[", "null"})
    EXPECT_FALSE(read_ruleset(text)) << text;
  EXPECT_TRUE(read_ruleset(
      R"({"nftables":[{"rule":{"expr":[{},{"match":{}},5,{"jump":{}}]}},{"chain":{}},7,{"set":{"elem":[{}]}}]})"));
}

}  // namespace
}  // namespace hyalite

// From facts to findings. Faults that can be made for real are made by tests/system/doctor_test.py;
// here are those that need another kernel, and what must not be taken for a fault.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "healthy.h"

namespace hyalite {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

void use_rules(Facts& facts, const std::string& json) {
  auto ruleset = read_ruleset(json);
  ASSERT_TRUE(ruleset) << json;
  facts.ruleset = {*ruleset, {}};
}

std::string with(const std::string& more) {
  return replaced(kHealthyRules, "\n]}", ",\n" + more + "\n]}");
}

TEST(Judging, NamesNothingWhereNothingIsWrong) { EXPECT_THAT(found(healthy_facts()), IsEmpty()); }

TEST(Judging, WhereInterceptionIsOffThatStandsFirstAndForTheRest) {
  Facts facts = healthy_facts();
  facts.off = {true, {}};
  EXPECT_THAT(found(facts), IsEmpty()) << "rules are kept in another way";
  facts.rules = {std::vector<RuleFact>{}, {}};
  for (ProbeFact& probe : facts.probes) probe.type = "unicast";
  EXPECT_THAT(found(facts), Not(Contains("interception_off"))) << "packet rules are there";
  facts.ruleset = {Ruleset{}, {}};
  const Settings settings = healthy_settings();
  auto findings = judge(Case(facts, settings, "hyalite intercept on")).findings();
  ASSERT_GT(findings.size(), 3u);
  EXPECT_EQ(findings.front().id, "interception_off");
  const std::size_t all = findings.size();
  const std::size_t follow = leave_out_what_follows(findings);
  EXPECT_EQ(findings.size(), 1u);
  EXPECT_EQ(follow, all - 1);
  facts.off = {false, {}};
  findings = judge(Case(facts, settings, "hyalite intercept on")).findings();
  EXPECT_EQ(findings.size(), all - 1);
  EXPECT_EQ(leave_out_what_follows(findings), 0u);
}

TEST(Judging, EveryRowIsAskedOrNotConcernedAndHasItsWords) {
  std::set<std::string_view> ids;
  for (const Row& row : rows()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_TRUE(row.question.ends_with('?')) << row.id;
    EXPECT_FALSE(row.why.empty()) << row.id;
  }
  const Facts facts = healthy_facts();
  const Settings settings = healthy_settings();
  const auto answers = judge(Case(facts, settings, "")).answers();
  EXPECT_EQ(answers.size(), rows().size());
  for (const RowAnswer& it : answers) EXPECT_NE(it.state, RowAnswer::State::not_looked_at) << it.id;
}

TEST(Judging, WhatCannotBeSeenIsNeitherFineNorWrong) {
  Facts facts = healthy_facts();
  facts.ruleset = {std::nullopt, "only root may"};
  EXPECT_THAT(found(facts), IsEmpty());
  const Settings settings = healthy_settings();
  for (const RowAnswer& it : judge(Case(facts, settings, "")).answers()) {
    if (it.id == "fails_open") {
      EXPECT_EQ(it.state, RowAnswer::State::not_looked_at);
      EXPECT_THAT(it.not_seen, ElementsAre("only root may"));
    }
  }
}

TEST(Judging, OffloadedPortsAreNamed) {
  Facts facts = healthy_facts();
  use_rules(
      facts,
      with(
          R"({"chain":{"family":"inet","table":"fw","name":"f","type":"filter","hook":"forward","prio":0,"policy":"accept"}},)"
          R"({"rule":{"family":"inet","table":"fw","chain":"f","handle":2,"expr":[{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":"established"}},{"flow":{"op":"add","flowtable":"@f"}}]}})"));
  EXPECT_THAT(found(facts), Contains("flow_offload"));
}

TEST(Judging, WhatNftRefusesIsNamedByItsComplaint) {
  Facts facts = healthy_facts();
  facts.rules_try = {RulesTry{false, "Error: Could not process rule: No such file or directory"},
                     {}};
  EXPECT_THAT(found(facts), ElementsAre("modules_missing"));
  facts.rules_try = {RulesTry{false, "Error: Could not process rule: Operation not supported"}, {}};
  EXPECT_THAT(found(facts), ElementsAre("rules_refused"));
}

TEST(Judging, CountersOfATryPointAtTheirCause) {
  Facts facts = healthy_facts();
  facts.before = {{"IPReversePathFilter", 3}, {"ListenDrops", 0}, {"OutNoRoutes", 0}};
  facts.after = facts.before;
  EXPECT_THAT(found(facts), IsEmpty());
  facts.after["IPReversePathFilter"] = 4;
  EXPECT_THAT(found(facts), ElementsAre("reverse_path_filter"));
  facts.after = facts.before;
  facts.before["loop_of_ours"] = 1;
  facts.after["loop_of_ours"] = 5;
  EXPECT_THAT(found(facts), ElementsAre("loop"));
  // The fingerprint of a socket that cannot answer: both of them.
  facts.before = {{"ListenDrops", 0}, {"OutNoRoutes", 7}};
  facts.after = {{"ListenDrops", 1}, {"OutNoRoutes", 9}};
  Settings routing = healthy_settings();
  routing.interception.mode = InterceptionMode::routing;
  EXPECT_THAT(found(facts, routing), Contains("listener_cannot_answer"));
  EXPECT_THAT(found(facts), Not(Contains("listener_cannot_answer")));
}

TEST(Judging, WorkersWithoutCapabilityAreNamed) {
  Facts facts = healthy_facts();
  facts.processes = {std::vector<ProcessFact>{{1, false, false, true}, {7, true, false, true}}, {}};
  EXPECT_THAT(found(facts), ElementsAre("no_capability"));
  // Connections from the proxy's own address need none: listening sockets were made before.
  Settings settings = healthy_settings();
  settings.upstream.source = UpstreamSource::proxy;
  settings.upstream.mark = 0;
  EXPECT_THAT(found(facts, settings), Not(Contains("no_capability")));
  settings.interception.mode = InterceptionMode::redirect;
  settings.upstream.source = UpstreamSource::proxy;
  EXPECT_THAT(found(facts, settings), Not(Contains("no_capability")));
}

TEST(Judging, PortsThatRanOutAreNamed) {
  Facts facts = healthy_facts();
  facts.service = {Counters{{"ports_exhausted", 0}}, {}};
  EXPECT_THAT(found(facts), IsEmpty());
  facts.service = {Counters{{"ports_exhausted", 2}}, {}};
  EXPECT_THAT(found(facts), ElementsAre("source_ports"));
}

TEST(Judging, ARuleThatIsNotUnderstoodIsADoubtNotAFinding) {
  // A firewall of iptables-nft: its matches are opaque.
  Facts facts = healthy_facts();
  use_rules(
      facts,
      with(
          R"({"chain":{"family":"inet","table":"fw","name":"i","type":"filter","hook":"input","prio":0,"policy":"drop"}},)"
          R"({"rule":{"family":"inet","table":"fw","chain":"i","handle":9,"expr":[{"xt":{"type":"match","name":"socket"}},{"accept":null}]}})"));
  EXPECT_THAT(found(facts), Not(Contains("input_drops_intercepted")));
  const Settings settings = healthy_settings();
  for (const RowAnswer& it : judge(Case(facts, settings, "")).answers()) {
    if (it.id == "input_drops_intercepted") {
      EXPECT_EQ(it.state, RowAnswer::State::not_looked_at);
      EXPECT_THAT(it.not_seen.front(), testing::HasSubstr("\"xt\" in rule 9 of chain i"));
    }
  }
}

TEST(Judging, AFirewallThatDropsScansIsNoFault) {
  Facts facts = healthy_facts();
  // tcp flags & (fin|syn) == (fin|syn) drop; tcp flags & (fin|syn|rst|psh|ack|urg) == 0x0 drop
  use_rules(
      facts,
      with(
          R"({"chain":{"family":"inet","table":"fw","name":"p","type":"filter","hook":"prerouting","prio":-300,"policy":"accept"}},)"
          R"({"rule":{"family":"inet","table":"fw","chain":"p","handle":2,"expr":[{"match":{"op":"==","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},["fin","syn"]]},"right":["fin","syn"]}},{"drop":null}]}},)"
          R"({"rule":{"family":"inet","table":"fw","chain":"p","handle":3,"expr":[{"match":{"op":"!","left":{"payload":{"protocol":"tcp","field":"flags"}},"right":["fin","syn","rst","psh","ack","urg"]}},{"drop":null}]}})"));
  EXPECT_THAT(found(facts), IsEmpty());
}

TEST(Judging, FailingOpenOnPurposeIsNoFault) {
  Facts facts = healthy_facts();
  use_rules(
      facts,
      replaced(
          kHealthyRules,
          R"({"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"tcp"}},{"reject":{"type":"tcp reset"}})",
          R"({"counter":{"packets":0,"bytes":0}})"));
  EXPECT_THAT(found(facts), Contains("fails_open"));
  Settings settings = healthy_settings();
  settings.interception.when_down = Treatment::pass;
  EXPECT_THAT(found(facts, settings), IsEmpty());
}

TEST(Judging, ClientsWithoutIpv6NeedNone) {
  Facts facts = healthy_facts();
  facts.addresses = {std::vector<AddressFact>{{"lan", *IpAddress::parse("10.71.1.1"), 24, true},
                                              {"lan", *IpAddress::parse("fe80::1"), 64, false}},
                     {}};
  ListenerFact only_v4;
  only_v4.port = 8080;
  only_v4.transparent = true;
  facts.listeners = {std::vector<ListenerFact>{only_v4}, {}};
  EXPECT_THAT(found(facts), IsEmpty());
}

// The sysctl command takes a dot in the name of an interface for a slash, unless there are slashes.
TEST(Judging, RemediesForAVlanCanBeTyped) {
  Settings settings = healthy_settings();
  settings.interception.client_interfaces = settings.interception.origin_interfaces = {"eth1.10"};
  Facts facts = healthy_facts();
  facts.sysctls["net.ipv4.conf.eth1.10.send_redirects"] = "1";
  facts.sysctls["net.ipv4.conf.eth1.10.rp_filter"] = "1";
  ProbeFact back;
  back.what = ProbeFact::What::back_to_client;
  back.interface = "eth1.10";
  back.device = "eth7";
  facts.probes.push_back(back);
  RuleFact bringing, own;
  bringing.preference = own.preference = 100;
  bringing.iif = "eth1.10";
  bringing.mark = bringing.mask = 0x100000;
  bringing.table = "100";
  own.iif = "lo";
  own.dport = 80;
  own.table = "101";
  facts.rules.value->insert(facts.rules.value->end(), {bringing, own});
  ProbeFact refused;
  refused.interface = "eth1.10";
  refused.port = 80;
  refused.error = "Invalid cross-device link";
  facts.probes.push_back(refused);
  std::map<std::string_view, Diagnosis> findings;
  for (const Diagnosis& it : judge(Case(facts, settings, "hyalite intercept on")).findings())
    findings[it.id] = it;
  const std::string at = "net/ipv4/conf/eth1.10/";
  EXPECT_EQ(findings["redirects_sent"].remedy,
            "sysctl -w net/ipv4/conf/all/send_redirects=0 " + at + "send_redirects=0");
  EXPECT_EQ(findings["redirects_sent"].shown, "sysctl " + at + "send_redirects");
  EXPECT_EQ(findings["reverse_path_filter"].remedy, "sysctl -w " + at + "rp_filter=2");
  EXPECT_EQ(findings["answers_look_local"].remedy, "sysctl -w " + at + "accept_local=1");
}

TEST(Judging, TheFirstBrokenThingComesFirst) {
  Facts facts = healthy_facts();
  facts.listeners = {std::vector<ListenerFact>{}, {}};
  facts.sysctls["net.ipv4.ip_forward"] = "0";
  facts.links = {std::vector<LinkFact>{{"lan", "veth", "", true}}, {}};
  const auto ids = found(facts);
  ASSERT_GE(ids.size(), 3u);
  EXPECT_EQ(ids.front(), "interface_missing");
  EXPECT_EQ(ids[1], "nothing_listens");
  EXPECT_EQ(ids.back(), "not_forwarding");
}

}  // namespace
}  // namespace hyalite

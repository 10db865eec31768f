// What programs say, as facts. The texts are what iproute2 6.1 says.
// SPDX-License-Identifier: MIT
#include "doctor/reading.h"

#include <gtest/gtest.h>

namespace hyalite {
namespace {

TEST(Reading, Rules) {
  const auto rules = read_rules(
      R"([{"priority":0,"src":"all","table":"255"},{"priority":98,"not":null,"src":"10.9.1.7","dst":"10.8.0.0","dstlen":16,"fwmark":"0x5","table":"254","suppress_prefixlen":0},)"
      R"({"priority":99,"src":"all","iif":"lan","ipproto":"ipproto-17","dport":443,"action":"prohibit"},{"priority":102,"src":"all","iif":"lan","ipproto":"tcp","sport":5,"dport_start":8000,"dport_end":8100,"table":"100","protocol":"4"}])",
      false);
  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->size(), 4u);
  EXPECT_EQ(rules->at(0).table, "local");
  const RuleFact& vpn = rules->at(1);
  EXPECT_TRUE(vpn.inverted && vpn.suppresses);
  EXPECT_EQ(vpn.from + " " + vpn.to + " " + vpn.table, "10.9.1.7 10.8.0.0/16 main");
  EXPECT_EQ(vpn.mark, 5u);
  EXPECT_EQ(rules->at(2).protocol, "udp");
  EXPECT_EQ(rules->at(2).table, "");
  EXPECT_EQ(rules->at(3).dport, 8000);
  EXPECT_EQ(rules->at(3).dport_end, 8100);
  EXPECT_EQ(rules->at(3).sport, 5);
}

TEST(Reading, Routes) {
  const auto routes = read_routes(
      R"([{"type":"2","dst":"default","dev":"lo","table":"100","flags":[]},{"type":"9","dst":"10.5.0.0/16","table":"100","flags":[]},)"
      R"({"dst":"default","gateway":"10.9.1.1","dev":"lan","flags":["onlink","linkdown"]},{"type":"2","dst":"10.9.1.1","dev":"lan","table":"255","prefsrc":"10.9.1.1","flags":[]}])",
      false);
  ASSERT_TRUE(routes);
  EXPECT_EQ(routes->at(0).type, "local");
  EXPECT_EQ(routes->at(1).type, "throw");
  EXPECT_EQ(routes->at(2).type + " " + routes->at(2).table + " " + routes->at(2).gateway,
            "unicast main 10.9.1.1");
  EXPECT_TRUE(routes->at(2).onlink);
  EXPECT_EQ(routes->at(3).table, "local");
  EXPECT_TRUE(read_routes("", false)->empty());
  EXPECT_FALSE(read_routes("Usage: ip route", false));
}

TEST(Reading, Listeners) {
  const auto all = read_listeners(
      "LISTEN 0      128    127.0.0.1:82   0.0.0.0:* users:((\"python3\",pid=27567,fd=5)) "
      "ino:115542 sk:2 cgroup:/ <->\n"
      "\tinet-sockopt: ( is_icsk mc_loop mc_all)  \n"
      "LISTEN 0      128       [::]:81      [::]:* ino:115541 sk:3 cgroup:/ v6only:1 <->\n"
      "\tinet-sockopt: ( is_icsk mc_loop)\n"
      "LISTEN 0      128          *:8080       *:* ino:115540 sk:4 cgroup:/ v6only:0 <->\n"
      "\tinet-sockopt: ( is_icsk mc_loop transparent)\n"
      "LISTEN 0      128    [fe80::1]%lan:546  [::]:* ino:5 sk:6\n");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].ip.text() + " " + all[0].program, "127.0.0.1 python3");
  EXPECT_FALSE(all[0].v6 || all[0].transparent);
  EXPECT_TRUE(all[1].v6 && all[1].only_v6 && !all[1].transparent);
  EXPECT_TRUE(all[2].v6 && !all[2].only_v6 && all[2].transparent && all[2].ip.is_unspecified());
  EXPECT_EQ(all[3].ip.text(), "fe80::1");
}

TEST(Reading, Answers) {
  ProbeFact probe;
  read_answer(
      R"([{"type":"2","dst":"8.8.8.8","from":"10.9.1.5","dev":"lo","table":"100","flags":[],"mark":1048576,"iif":"lan"}])",
      "", probe);
  EXPECT_TRUE(probe.is_local());
  EXPECT_EQ(probe.table, "100");
  ProbeFact refused;
  read_answer("", "RTNETLINK answers: Permission denied\n", refused);
  EXPECT_EQ(refused.error, "Permission denied");
  EXPECT_FALSE(refused.is_local());
}

TEST(Reading, CountersAndMetrics) {
  Counters counters;
  read_counters("Tcp: ActiveOpens OutRsts\nTcp: 3 14\nUdp: X\nUdp: 1\n", counters);
  EXPECT_EQ(counters["OutRsts"], 14u);
  read_route_cache(
      "entries  in_hit in_martian_src out\n00000001 00000000 0000000a 00000000\n00000001 00000000 "
      "00000002 00000000\n",
      counters);
  EXPECT_EQ(counters["in_martian_src"], 12u);
  const Counters metrics = read_metrics(
      "# HELP x\nhyalite_connects_total{result=\"ports_exhausted\",listener=\"a\"} "
      "2\nhyalite_connects_total{result=\"ports_exhausted\",listener=\"b\"} 3\n"
      "hyalite_connects_total{result=\"connected\"} 9\n");
  EXPECT_EQ(metrics, (Counters{{"ports_exhausted", 5}}));
}

}  // namespace
}  // namespace hyalite

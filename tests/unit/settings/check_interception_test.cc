// SPDX-License-Identifier: MIT
#include "settings/check_interception.h"

#include <gtest/gtest.h>

#include <map>

#include "settings/reader.h"

namespace hyalite {

namespace {

// The path that is named for the mistake; empty: none.
std::string mistake_in(const std::string& interception, const std::string& more = {},
                       const std::string& listeners = "{address: \"[::]:8080\"}") {
  const auto read = read_settings(
      "listeners: [" + listeners + "]\ninterception: {" + interception + "}\n" + more, "g.yaml");
  return read.mistakes.empty() ? "" : read.mistakes.front().path;
}

constexpr char kSides[] = "client_interfaces: [lan], origin_interfaces: [wan]";

}  // namespace

TEST(CheckInterception, TakesWhatIsComplete) {
  EXPECT_EQ(mistake_in(""), "");
  EXPECT_EQ(mistake_in(kSides), "");
  EXPECT_EQ(mistake_in("client_interfaces: [lan]", "upstream: {source: proxy}"), "");
  EXPECT_EQ(mistake_in("mode: routing, ports: [80], " + std::string(kSides), "",
                       "{address: \"[::]:80\"}"),
            "");
}

TEST(CheckInterception, MarksShareNoBits) {
  EXPECT_EQ(mistake_in("mark: 0"), "interception.mark");
  EXPECT_EQ(mistake_in("keep_mark: 0x100000"), "interception.keep_mark");
  EXPECT_EQ(mistake_in("", "upstream: {mark: 0x400000}"), "interception.keep_mark");
}

TEST(CheckInterception, TheKernelsTablesAreNotOurs) {
  EXPECT_EQ(mistake_in("table: 254"), "interception.table");
  EXPECT_EQ(mistake_in("table: 252"), "");
}

TEST(CheckInterception, InterfacesMustBeEnough) {
  EXPECT_EQ(mistake_in("client_interfaces: [lan]"), "interception.origin_interfaces");
  EXPECT_EQ(mistake_in("client_interfaces: [lo], origin_interfaces: [wan]"),
            "interception.client_interfaces");
  EXPECT_EQ(mistake_in("client_interfaces: [\"eth*\"]"), "interception.client_interfaces[0]");
  EXPECT_EQ(mistake_in("client_interfaces: [sixteen-letters-]"),
            "interception.client_interfaces[0]");
}

TEST(CheckInterception, TheListenerMustBeThereAndFit) {
  EXPECT_EQ(mistake_in("listener: other, " + std::string(kSides)), "interception.listener");
  EXPECT_EQ(mistake_in(kSides, "", "{address: \"[::]:0\"}"), "interception.listener");
  EXPECT_EQ(mistake_in(kSides, "", "{address: \"[::]:8080\", transparent: no}"),
            "interception.listener");
  EXPECT_EQ(mistake_in("mode: redirect, " + std::string(kSides), "",
                       "{address: \"[::]:8080\", transparent: no}"),
            "");
  EXPECT_EQ(
      mistake_in("listener: b, " + std::string(kSides), "",
                 "{address: \"[::]:8080\", transparent: no}, {address: \"[::]:8081\", name: b}"),
      "");
}

TEST(CheckInterception, RoutingNeedsAListenerOnEachPort) {
  EXPECT_EQ(mistake_in("mode: routing, " + std::string(kSides), "", "{address: \"[::]:80\"}"),
            "interception.ports");
  EXPECT_EQ(mistake_in("mode: hybrid, ports: [80], " + std::string(kSides), "",
                       "{address: 127.0.0.1:80}"),
            "interception.ports");
  EXPECT_EQ(mistake_in("ports: []"), "") << "nothing is intercepted";
  EXPECT_EQ(mistake_in("ports: [], " + std::string(kSides)), "interception.ports");
}

TEST(CheckInterception, LocalCaptureNeedsTheProxysMark) {
  EXPECT_EQ(mistake_in("local: redirect"), "interception.local");
  EXPECT_EQ(mistake_in("local: redirect", "upstream: {mark: 0x200000}"), "");
  EXPECT_EQ(mistake_in("local: routing", "upstream: {mark: 0x200000}"), "interception.ports");
  EXPECT_EQ(mistake_in("local: routing, ports: [80], exempt: {cgroups: [a.slice]}",
                       "upstream: {mark: 0x200000}", "{address: \"[::]:80\"}"),
            "interception.exempt.cgroups");
}

TEST(CheckInterception, AnyipNeedsDestinations) {
  EXPECT_EQ(mistake_in("mode: anyip"), "interception.mode");
  constexpr char kNamed[] = "{address: \"[::]:80\", anyip: [192.0.2.1]}";
  EXPECT_EQ(mistake_in("mode: anyip", "", kNamed), "interception.origin_interfaces");
  EXPECT_EQ(mistake_in("mode: anyip, origin_interfaces: [wan]", "", kNamed), "");
  EXPECT_EQ(mistake_in("mode: anyip", "upstream: {source: proxy}", kNamed), "");
}

TEST(CheckInterception, OnlyTproxyCanLetPassWhatNobodyServes) {
  EXPECT_EQ(mistake_in("when_down: pass, mode: redirect, " + std::string(kSides)),
            "interception.when_down");
}

TEST(CheckInterception, TakesOnlyTheNetworksSysctls) {
  EXPECT_EQ(mistake_in("sysctls: [net.ipv4.ip_forward=1, net/ipv4/conf/eth0.5/rp_filter=2]"), "");
  for (const char* bad : {"kernel.panic=1", "net.ipv4.ip_forward", "net/../kernel/panic=1",
                          "net.=", "net.ipv4.ip_forward="}) {
    EXPECT_EQ(mistake_in("sysctls: [\"" + std::string(bad) + "\"]"), "interception.sysctls[0]")
        << bad;
  }
  EXPECT_EQ(mistake_in("exempt: {cgroups: [/a]}"), "interception.exempt.cgroups[0]");
}

}  // namespace hyalite

// Which flows are left alone, and that they are counted.
// SPDX-License-Identifier: MIT
#include "flow/bypass.h"

#include <gtest/gtest.h>

namespace hyalite {
namespace {

ClientAddress client(const char* text) { return ClientAddress{*Address::parse(text)}; }
OriginalDestination destination(const char* text) {
  return OriginalDestination{*Address::parse(text)};
}

TEST(Bypass, CoversNetworksOfClientsAndDestinations) {
  BypassSettings settings;
  settings.clients = {*Network::parse("10.1.0.0/16"), *Network::parse("2001:db8:1::/48")};
  settings.destinations = {*Network::parse("192.0.2.1"), *Network::parse("2001:db8:2::/48")};
  const Bypass bypass(settings);
  const auto covers = [&](const char* from, const char* to) {
    return bypass.covers(client(from), destination(to));
  };
  EXPECT_TRUE(covers("10.1.2.3:1", "198.51.100.1:80"));
  EXPECT_TRUE(covers("[2001:db8:1::5]:1", "[2001:db8:9::1]:80"));
  EXPECT_TRUE(covers("10.2.0.1:1", "192.0.2.1:443"));
  EXPECT_TRUE(covers("[2001:db8:9::5]:1", "[2001:db8:2::1]:80"));
  EXPECT_FALSE(covers("10.2.0.1:1", "192.0.2.2:443"));
  EXPECT_FALSE(covers("192.0.2.1:1", "10.1.2.3:80"));
  EXPECT_FALSE(Bypass(BypassSettings{}).covers(client("10.1.2.3:1"), destination("192.0.2.1:80")));
}

TEST(Bypass, CoversNamesAndWhatIsBelowThem) {
  BypassSettings settings;
  settings.names = {"bank.example", "xn--bcher-kva.example"};
  const Bypass bypass(settings);
  for (const char* name : {"bank.example", "BANK.example.", "www.bank.example:443",
                           "bank.example:80", "xn--bcher-kva.example"})
    EXPECT_TRUE(bypass.covers_name(name)) << name;
  for (const char* name : {"", ":", "example", "ebank.example", "bank.example.org", "[2001:db8::1]",
                           "[2001:db8::1]:80", "bank.example..", "bank_example"})
    EXPECT_FALSE(bypass.covers_name(name)) << name;
  EXPECT_FALSE(Bypass(BypassSettings{}).covers_name("bank.example"));
}

}  // namespace
}  // namespace hyalite

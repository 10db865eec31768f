// Networks as the SDK reads them, beside the proxy's own.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <hyalite/network.h>
#include <hyalite/plugin.hpp>

#include "base/address.h"
#include "plugin/abi.h"

namespace hyalite {
namespace {

TEST(Network, IsReadAsTheProxyReadsIt) {
  for (const char* text : {"10.0.0.0/8",
                           "10.1.2.3/8",
                           "192.0.2.1",
                           "0.0.0.0/0",
                           "192.0.2.128/25",
                           "::/0",
                           "2001:db8::/32",
                           "2001:db8::1",
                           "fe80::/10",
                           "10.0.0.0/33",
                           "10.0.0.0/",
                           "10.0.0/8",
                           "::1/129",
                           "",
                           "/8",
                           "a",
                           "10.0.0.0/8x",
                           "10.0.0.0/-1",
                           "1.2.3.4.5",
                           ":::"}) {
    hyalite_network network{};
    const auto own = Network::parse(text);
    ASSERT_EQ(hyalite_network_parse(bytes(text), &network) == 1, own.has_value()) << text;
    if (!own) continue;
    for (const char* ip : {"10.0.0.1", "10.255.255.255", "11.0.0.0", "192.0.2.1", "192.0.2.127",
                           "192.0.2.128", "0.0.0.0", "::", "2001:db8::1",
                           "2001:db8:ffff::", "2001:db9::", "fe80::1", "febf::1", "fec0::1"}) {
      const hyalite_address address = abi(Address{*IpAddress::parse(ip), 80});
      EXPECT_EQ(hyalite_network_contains(&network, &address) != 0,
                own->contains(*IpAddress::parse(ip)))
          << text << " " << ip;
    }
  }
}

}  // namespace
}  // namespace hyalite

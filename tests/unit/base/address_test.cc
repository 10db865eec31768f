// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <gtest/gtest.h>

namespace hyalite {

TEST(Address, ReadsAndWritesBothFamilies) {
  for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:443", "[::]:8080", "0.0.0.0:0"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  for (const char* text : {"192.0.2.1", "::1:80", "[::1]", "[::1]:65536", "host:80", "192.0.2.1:", "192.0.2.1:+1"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, HoldsAMappedAddressAsTheIpv4AddressItIs) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  sockaddr_storage storage;
  Address::parse("192.0.2.1:80")->to_sockaddr(storage, AF_INET6);
  EXPECT_EQ(Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage))->text(), "192.0.2.1:80");
}

TEST(Address, DoesNotStopReadingAtANul) {
  EXPECT_FALSE(IpAddress::parse(std::string_view("192.0.2.1\0x", 11)));
}

TEST(Network, ContainsByPrefix) {
  EXPECT_TRUE(Network::parse("10.64.0.0/10")->contains(*IpAddress::parse("10.127.255.255")));
  EXPECT_FALSE(Network::parse("10.64.0.0/10")->contains(*IpAddress::parse("10.128.0.0")));
  EXPECT_TRUE(Network::parse("::/0")->contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_FALSE(Network::parse("::/0")->contains(*IpAddress::parse("192.0.2.1")));
  EXPECT_TRUE(Network::parse("192.0.2.1")->contains(*IpAddress::parse("192.0.2.1")));
  EXPECT_FALSE(Network::parse("10.0.0.0/33"));
}

}  // namespace hyalite

// Addresses of the Internet, and the roles they play as types of their own.
// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hyalite {

// An IP address without a port. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is always held as the IPv4 address it is.
class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  // "192.0.2.1", "2001:db8::1"; no brackets, no port, no zone.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(const in_addr& address);
  static IpAddress v6(const in6_addr& address);

  bool is_v4() const { return v4_; }
  bool is_unspecified() const;
  // 4 or 16 bytes in network order.
  std::string_view bytes() const;
  std::string text() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v4_ = true;
  std::array<unsigned char, 16> bytes_{};  // IPv4: the first four, the rest zero
};

// An IP address with a port.
struct Address {
  IpAddress ip;
  std::uint16_t port = 0;

  // "192.0.2.1:80", "[2001:db8::1]:80".
  static std::optional<Address> parse(std::string_view text);
  static std::optional<Address> from_sockaddr(const sockaddr* address);
  std::string text() const;
  // For a socket of `family` (AF_INET or AF_INET6): on AF_INET6 an IPv4 address is written as mapped. Returns the length.
  socklen_t to_sockaddr(sockaddr_storage& out, int family) const;
  auto operator<=>(const Address&) const = default;
};

// Distinct things have distinct types: nobody can swap them by accident.
struct ClientAddress : Address {
  auto operator<=>(const ClientAddress&) const = default;
};
struct OriginalDestination : Address {
  auto operator<=>(const OriginalDestination&) const = default;
};

// A block of addresses: "10.0.0.0/8", "2001:db8::/32", or one address.
class Network {
 public:
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& ip) const;
  // Every address of the other one.
  bool contains(const Network& other) const;
  bool is_v4() const { return base_.is_v4(); }
  std::string text() const;
  auto operator<=>(const Network&) const = default;

 private:
  IpAddress base_;
  unsigned prefix_bits_ = 0;
};

struct AddressHash {
  std::size_t operator()(const IpAddress& ip) const { return std::hash<std::string_view>{}(ip.bytes()); }
  std::size_t operator()(const Address& a) const { return (*this)(a.ip) * 31 + a.port; }
};

}  // namespace hyalite

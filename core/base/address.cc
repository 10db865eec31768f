// Addresses of the Internet, and the roles they play as types of their own.
// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/text.h"

namespace hyalite {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  in_addr four{};
  if (inet_pton(AF_INET, copy.c_str(), &four) == 1) return v4(four);
  in6_addr six{};
  if (inet_pton(AF_INET6, copy.c_str(), &six) == 1) return v6(six);
  return std::nullopt;
}

IpAddress IpAddress::v4(const in_addr& address) {
  IpAddress result;
  std::memcpy(result.bytes_.data(), &address, 4);
  return result;
}

IpAddress IpAddress::v6(const in6_addr& address) {
  IpAddress result;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::memcpy(result.bytes_.data(), address.s6_addr + 12, 4);
    return result;
  }
  result.v4_ = false;
  std::memcpy(result.bytes_.data(), &address, 16);
  return result;
}

bool IpAddress::is_unspecified() const {
  return bytes().find_first_not_of('\0') == std::string_view::npos;
}

std::string_view IpAddress::bytes() const {
  return {reinterpret_cast<const char*>(bytes_.data()), v4_ ? 4u : 16u};
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

std::optional<Address> Address::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // "::1:80" without brackets could be read in two ways, so it is not read at all.
  if (!bracketed && host.find(':') != std::string_view::npos) return std::nullopt;
  const auto ip = IpAddress::parse(host);
  if (!ip) return std::nullopt;
  return Address{*ip, static_cast<std::uint16_t>(*port)};
}

std::optional<Address> Address::from_sockaddr(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(address);
    return Address{IpAddress::v4(four->sin_addr), ntohs(four->sin_port)};
  }
  if (address->sa_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
    return Address{IpAddress::v6(six->sin6_addr), ntohs(six->sin6_port)};
  }
  return std::nullopt;
}

std::string Address::text() const {
  return (ip.is_v4() ? ip.text() : "[" + ip.text() + "]") + ":" + std::to_string(port);
}

socklen_t Address::to_sockaddr(sockaddr_storage& out, int family) const {
  std::memset(&out, 0, sizeof out);
  if (family == AF_INET) {
    auto& four = reinterpret_cast<sockaddr_in&>(out);
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&four.sin_addr, ip.bytes().data(), 4);
    return sizeof four;
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(out);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  if (ip.is_v4()) {
    // The wildcard of a dual-stack socket is ::, not ::ffff:0.0.0.0.
    if (!ip.is_unspecified()) {
      six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xff;
      std::memcpy(six.sin6_addr.s6_addr + 12, ip.bytes().data(), 4);
    }
  } else {
    std::memcpy(&six.sin6_addr, ip.bytes().data(), 16);
  }
  return sizeof six;
}

std::optional<Network> Network::parse(std::string_view text) {
  Network result;
  const auto slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const unsigned most = ip->is_v4() ? 32 : 128;
  result.base_ = *ip;
  result.prefix_bits_ = most;
  if (slash != std::string_view::npos) {
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > most) return std::nullopt;
    result.prefix_bits_ = static_cast<unsigned>(*bits);
  }
  return result;
}

bool Network::contains(const IpAddress& ip) const {
  if (ip.is_v4() != base_.is_v4()) return false;
  const std::string_view a = ip.bytes(), b = base_.bytes();
  const unsigned whole = prefix_bits_ / 8, rest = prefix_bits_ % 8;
  if (a.substr(0, whole) != b.substr(0, whole)) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) & mask) == 0;
}

bool Network::contains(const Network& other) const {
  return prefix_bits_ <= other.prefix_bits_ && contains(other.base_);
}

std::string Network::text() const { return base_.text() + "/" + std::to_string(prefix_bits_); }

}  // namespace hyalite

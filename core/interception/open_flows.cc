// Connections that go through the proxy now.
// SPDX-License-Identifier: MIT
#include "interception/open_flows.h"

#include <ifaddrs.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <set>

#include "base/address.h"

namespace hyalite {

namespace {

std::set<IpAddress> own_addresses() {
  std::set<IpAddress> own;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return own;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    if (const auto address = Address::from_sockaddr(one->ifa_addr)) own.insert(address->ip);
  }
  ::freeifaddrs(all);
  return own;
}

std::uint32_t hex(std::string_view text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

// proc_pid_net(5): 32 bits at a time, as they lie in memory; then the port.
std::optional<Address> address_in(std::string_view text) {
  const auto colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  std::uint32_t words[4] = {};
  for (std::size_t i = 0; i * 8 < colon; ++i) words[i] = hex(text.substr(i * 8, 8));
  const auto port = static_cast<std::uint16_t>(hex(text.substr(colon + 1)));
  if (colon == 8) {
    in_addr four{};
    std::memcpy(&four, words, sizeof four);
    return Address{IpAddress::v4(four), port};
  }
  in6_addr six{};
  std::memcpy(&six, words, sizeof six);
  return Address{IpAddress::v6(six), port};
}

// Each once: the kernel gives a long table in pieces, and what changes between two of them may come
// twice.
template <class Seen>
void each_established(const char* path, Seen seen) {
  constexpr std::string_view kEstablished = "01";
  std::ifstream file(path);
  std::string number, local, remote, state, rest;
  std::set<std::string> known;
  std::getline(file, rest);
  while (file >> number >> local >> remote >> state && std::getline(file, rest)) {
    if (state != kEstablished || !known.insert(local + remote).second) continue;
    if (const auto address = address_in(local)) seen(*address);
  }
}

bool is_loopback(const IpAddress& ip) {
  return ip.is_v4() ? ip.bytes().front() == 127 : ip == *IpAddress::parse("::1");
}

}  // namespace

std::size_t count_open_flows(const InterceptState& state) {
  const std::set<IpAddress> own = own_addresses();
  std::size_t count = 0;
  const auto look = [&](const Address& local) {
    const bool ours = own.contains(local.ip) || is_loopback(local.ip);
    const bool captured =
        std::find(state.ports.begin(), state.ports.end(), local.port) != state.ports.end();
    if ((!ours && captured) || (state.listener_port != 0 && local.port == state.listener_port))
      ++count;
  };
  each_established("/proc/net/tcp", look);
  each_established("/proc/net/tcp6", look);
  return count;
}

}  // namespace hyalite

// Is this address one of this machine?
// SPDX-License-Identifier: MIT
#include "net/local_addresses.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "base/fd.h"
#include "net/socket_options.h"

namespace hyalite {

namespace {

unsigned byte(const IpAddress& ip, std::size_t i) {
  return static_cast<unsigned char>(ip.bytes()[i]);
}

bool can_bind(const IpAddress& ip) {
  const int family = ip.is_v4() ? AF_INET : AF_INET6;
  const Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  // So that no port is taken, and none has to be free.
  (void)set_bind_address_no_port(fd.get());
  sockaddr_storage storage;
  const socklen_t size = Address{ip, 0}.to_sockaddr(storage, family);
  return bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0;
}

// net.ipv4.ip_nonlocal_bind lets everybody bind everywhere (as VRRP set-ups want it): then binding
// proves nothing.
bool binding_proves_nothing(const IpAddress& ip) {
  // Of 240.0.0.0/4 and 100::/64 (RFC 6666): nobody's address.
  return can_bind(*IpAddress::parse(ip.is_v4() ? "240.0.0.1" : "100::dead:beef"));
}

// netdevice(7). A worker may not ask by netlink, as getifaddrs(3) does.
bool has_interface_v4(const IpAddress& ip) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifconf list{};
  if (!fd || ioctl(fd.get(), SIOCGIFCONF, &list) != 0) return false;
  std::vector<ifreq> all(static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq) + 8);
  list.ifc_len = static_cast<int>(all.size() * sizeof(ifreq));
  list.ifc_req = all.data();
  if (ioctl(fd.get(), SIOCGIFCONF, &list) != 0) return false;
  all.resize(static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq));
  return std::any_of(all.begin(), all.end(), [&](const ifreq& one) {
    const auto address = Address::from_sockaddr(&one.ifr_addr);
    return address && address->ip == ip;
  });
}

// if_inet6: an address in a line, first, as 32 hexadecimal digits.
bool has_interface_v6(const IpAddress& ip) {
  std::string digits;
  for (std::size_t i = 0; i < ip.bytes().size(); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    digits += {kDigits[byte(ip, i) >> 4], kDigits[byte(ip, i) & 0xf]};
  }
  std::ifstream file("/proc/net/if_inet6");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(digits)) return true;
  }
  return false;
}

bool has_interface(const IpAddress& ip) {
  if (!ip.is_v4()) return has_interface_v6(ip);
  return byte(ip, 0) == 127 || has_interface_v4(ip);
}

bool is_link_local_v6(const IpAddress& ip) {
  return !ip.is_v4() && byte(ip, 0) == 0xfe && (byte(ip, 1) & 0xc0) == 0x80;
}

// Nobody connects to these, although everybody may bind to them.
bool is_for_many(const IpAddress& ip) {
  if (!ip.is_v4()) return byte(ip, 0) == 0xff;
  return (byte(ip, 0) & 0xf0) == 0xe0 || ip == *IpAddress::parse("255.255.255.255");
}

bool ask_kernel(const IpAddress& ip) {
  if (ip.is_unspecified() || is_for_many(ip)) return false;
  if (is_link_local_v6(ip)) return true;
  if (!can_bind(ip)) return false;
  return !binding_proves_nothing(ip) || has_interface(ip);
}

}  // namespace

LocalAddresses::LocalAddresses(const Clock& clock, std::size_t most_remembered, Seconds remember)
    : clock_(clock), most_(most_remembered), remember_(remember) {}

bool LocalAddresses::contains(const IpAddress& ip) {
  const Monotonic now = clock_.now();
  if (const auto known = by_ip_.find(ip); known != by_ip_.end()) {
    if (now < known->second->until) return known->second->local;
    answers_.erase(known->second);
    by_ip_.erase(known);
  }
  const bool local = ask_kernel(ip);
  if (by_ip_.size() >= most_) {
    by_ip_.erase(answers_.front().ip);
    answers_.pop_front();
  }
  answers_.push_back({ip, local, now + remember_});
  by_ip_.emplace(ip, std::prev(answers_.end()));
  return local;
}

}  // namespace hyalite

// Which flows are left alone.
// SPDX-License-Identifier: MIT
#include "flow/bypass.h"

#include <algorithm>

#include "base/text.h"

namespace hyalite {

namespace {

std::string normal(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  return to_lower(name);
}

// "host:80" and "host" are one host; an IPv6 literal in brackets stays whole.
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  return colon == std::string_view::npos || host.back() == ']' ? host : host.substr(0, colon);
}

bool any_contains(const std::vector<Network>& networks, const IpAddress& ip) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& network) { return network.contains(ip); });
}

}  // namespace

Bypass::Bypass(const BypassSettings& settings) : settings_(settings) {
  for (const std::string& name : settings.names) names_.insert(normal(name));
}

bool Bypass::covers(const ClientAddress& client, const OriginalDestination& destination) const {
  return any_contains(settings_.clients, client.ip) || any_contains(settings_.destinations, destination.ip);
}

bool Bypass::covers_name(std::string_view name) const {
  if (names_.empty() || name.empty()) return false;
  std::string host = normal(without_port(name));
  for (std::string_view rest = host;;) {
    if (names_.contains(std::string(rest))) return true;
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos) return false;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace hyalite

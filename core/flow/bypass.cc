// Which flows are left alone.
// SPDX-License-Identifier: MIT
#include "flow/bypass.h"

#include <algorithm>

namespace hyalite {

namespace {

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
  NameSet::Builder names;
  for (const std::string& name : settings.names) names.add(HostName(name).text(), NameSet::with_subdomains, 0);
  names_ = std::move(names).build();
}

bool Bypass::covers(const ClientAddress& client, const OriginalDestination& destination) const {
  return any_contains(settings_.clients, client.ip) || any_contains(settings_.destinations, destination.ip);
}

bool Bypass::covers_name(std::string_view name) const {
  return !names_.empty() && names_.find(HostName(without_port(name)).text()).has_value();
}

}  // namespace hyalite

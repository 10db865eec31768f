// The host that a request names, against where it really goes.
// SPDX-License-Identifier: MIT
#include "flow/host_finding.h"

#include "base/text.h"
#include "tls/peer_certificate.h"

namespace hyalite {

namespace {

// Without its port and last dot.
Bytes host_name(Bytes host) {
  const auto colon = host.rfind(':');
  const Bytes name = colon == Bytes::npos || host.back() == ']' ? host : host.substr(0, colon);
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

// Where a host that is an address thinks it is.
std::optional<IpAddress> address_in(Bytes host) {
  // Addresses begin with a digit or a bracket, or have several colons; most hosts have a name.
  const char first = host.front();
  const bool may_be_one = (first >= '0' && first <= '9') || first == '[' || host.find(':') != host.rfind(':');
  if (!may_be_one) return std::nullopt;
  if (const auto with_port = Address::parse(host)) return with_port->ip;
  const bool bracketed = host.front() == '[' && host.back() == ']';
  return IpAddress::parse(bracketed ? host.substr(1, host.size() - 2) : host);
}

}  // namespace

// Inside TLS: what was agreed on under one name is no answer for another (RFC 9110, section 7.4). Without a server name the
// certificate says for whom the upstream speaks. A host name alone could be checked only by asking the DNS.
std::optional<HostFinding> host_finding(Bytes host, const FlowSubject& flow, const OriginalDestination& destination,
                                        const std::vector<std::string>* certificate_names) {
  if (host.empty()) return std::nullopt;
  const Bytes name = host_name(host);
  if (const std::string_view server_name = flow.server_name(); flow.secure() && !server_name.empty()) {
    if (equals_ignoring_case(name, server_name)) return std::nullopt;
    return HostFinding{"host_differs_from_server_name", std::string(host) + " under " + std::string(server_name)};
  }
  if (certificate_names != nullptr && !name.empty() && !IpAddress::parse(name) && name.front() != '[') {
    if (cover(*certificate_names, to_lower(name))) return std::nullopt;
    return HostFinding{"host_differs_from_certificate", std::string(host) + " is not in the server's certificate"};
  }
  const auto address = address_in(host);
  if (!address || *address == destination.ip) return std::nullopt;
  return HostFinding{"host_differs_from_destination", std::string(host) + " at " + destination.ip.text()};
}

}  // namespace hyalite

// One machine and what its settings want of it: what all checks ask.
// SPDX-License-Identifier: MIT
#include "doctor/case.h"

#include <algorithm>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::uint16_t kSomeClientPort = 40'000;

// Documentation addresses: RFC 5737, RFC 3849.
IpAddress somebody(bool v6) { return *IpAddress::parse(v6 ? "2001:db8::1" : "192.0.2.1"); }
IpAddress somewhere(bool v6) { return *IpAddress::parse(v6 ? "2001:db8::2" : "198.51.100.2"); }

const ListenerSettings* arrival_listener(const Settings& settings) {
  if (settings.listeners.empty()) return nullptr;
  const std::string& wanted = settings.interception.listener;
  for (const ListenerSettings& it : settings.listeners) {
    if (wanted.empty() || it.name == wanted || it.address.text() == wanted) return &it;
  }
  return nullptr;
}

}  // namespace

std::string_view family_name(bool v6) { return v6 ? "IPv6" : "IPv4"; }

std::string sysctl_of(std::string_view interface, std::string_view name) {
  return "net/ipv4/conf/" + std::string(interface) + "/" + std::string(name);
}

std::optional<long> Facts::sysctl(std::string_view name) const {
  const auto found = sysctls.find(name);
  if (found == sysctls.end()) return std::nullopt;
  const auto number = parse_decimal(trim(found->second));
  if (!number) return std::nullopt;
  return static_cast<long>(*number);
}

const LinkFact* Facts::link(std::string_view name) const {
  if (!links) return nullptr;
  for (const LinkFact& it : *links) {
    if (it.name == name) return &it;
  }
  return nullptr;
}

bool Facts::is_own(const IpAddress& ip) const {
  return addresses && std::any_of(addresses->begin(), addresses->end(),
                                  [&](const AddressFact& it) { return it.ip == ip; });
}

bool Facts::has_address(std::string_view link, bool v6) const {
  return addresses && std::any_of(addresses->begin(), addresses->end(), [&](const AddressFact& it) {
           return it.link == link && it.global && it.ip.is_v4() != v6;
         });
}

bool Case::from_clients() const {
  return !mode(InterceptionMode::anyip) && !settings.interception.client_interfaces.empty();
}

bool Case::keeps_ports() const {
  return mode(InterceptionMode::routing) || mode(InterceptionMode::hybrid);
}

bool Case::marks() const { return mode(InterceptionMode::tproxy); }

bool Case::brings_answers() const {
  return settings.upstream.source == UpstreamSource::client &&
         !settings.interception.origin_interfaces.empty() && !mode(InterceptionMode::redirect);
}

bool Case::needs_transparent() const {
  return (from_clients() && !mode(InterceptionMode::redirect)) ||
         settings.upstream.source == UpstreamSource::client;
}

bool Case::refuses_quic() const {
  const auto& ports = settings.interception.ports;
  return from_clients() && settings.interception.quic == Treatment::refuse &&
         std::find(ports.begin(), ports.end(), 443) != ports.end();
}

std::vector<bool> Case::families() const {
  std::vector<bool> all = {false};
  const auto& interfaces = settings.interception.client_interfaces;
  if (!facts.addresses ||
      std::any_of(interfaces.begin(), interfaces.end(),
                  [&](const std::string& it) { return facts.has_address(it, true); })) {
    all.push_back(true);
  }
  return all;
}

std::uint16_t Case::arrival_port(std::uint16_t port) const {
  if (keeps_ports()) return port;
  const ListenerSettings* listener = arrival_listener(settings);
  return listener ? listener->address.port : 0;
}

std::vector<std::uint16_t> Case::arrival_ports() const {
  if (mode(InterceptionMode::anyip)) {
    std::vector<std::uint16_t> ports;
    for (const ListenerSettings& it : settings.listeners) {
      if (!it.anyip.empty()) ports.push_back(it.address.port);
    }
    return ports;
  }
  if (keeps_ports()) return settings.interception.ports;
  return {arrival_port(0)};
}

std::string Case::table() const { return std::to_string(settings.interception.table); }

std::vector<ListenerFact> Case::listeners(std::uint16_t port, bool v6) const {
  std::vector<ListenerFact> found;
  for (const ListenerFact& it : facts.listeners ? *facts.listeners : std::vector<ListenerFact>{}) {
    const bool serves = v6 ? it.v6 : !it.v6 || (!it.only_v6 && it.ip.is_unspecified());
    if (it.port == port && serves) found.push_back(it);
  }
  return found;
}

bool Case::catches(std::uint16_t port, const std::string& address, bool v6) const {
  const std::vector<ListenerFact> there = listeners(port, v6);
  return std::any_of(there.begin(), there.end(), [&](const ListenerFact& it) {
    // Without an address, tproxy looks for one of the interface's, or for the wildcard.
    return it.transparent && (it.ip.is_unspecified() || it.ip.text() == address ||
                              (address.empty() && facts.is_own(it.ip)));
  });
}

Packet Case::beginning(bool v6, const std::string& interface, std::uint16_t port) const {
  Packet packet;
  packet.v6 = v6;
  packet.iif = interface;
  packet.from = somebody(v6);
  packet.to = somewhere(v6);
  packet.sport = kSomeClientPort;
  packet.dport = port;
  packet.begins = true;
  return packet;
}

Traced Case::traced(std::string_view hook, const Packet& packet) const {
  return trace(*facts.ruleset, hook, packet,
               [this](std::uint16_t port, const std::string& address, bool v6) {
                 return catches(port, address, v6);
               });
}

Traced Case::traced_with_listener(std::string_view hook, const Packet& packet) const {
  return trace(*facts.ruleset, hook, packet,
               [](std::uint16_t, const std::string&, bool) { return true; });
}

namespace {

bool missing(const Judgement& judgement, std::string_view id) {
  for (const RowAnswer& it : judgement.answers()) {
    if (it.id == id) return it.state != RowAnswer::State::fine;
  }
  return true;
}

// Last, as rules that somebody keeps in another way are no fault, and then these are not missing.
void check_off(const Case& machine, Judgement& judgement) {
  const Seen<bool>& off = machine.facts.off;
  if (!off) {
    if (!off.why_not.empty()) judgement.cannot_see(kOff, off.why_not);
    return;
  }
  judgement.look(kOff);
  const auto findings = judgement.findings();
  const bool follows = std::any_of(findings.begin(), findings.end(), [&](const Diagnosis& it) {
    return it.remedy == machine.switch_on;
  });
  if (*off && follows && missing(judgement, "rule_missing") &&
      missing(judgement, "interface_not_matched"))
    judgement.find(kOff, "interception is off", machine.switch_on, "hyalite intercept show");
}

}  // namespace

std::size_t leave_out_what_follows(std::vector<Diagnosis>& findings) {
  if (findings.empty() || findings.front().id != kOff) return 0;
  // Others may say more behind it; what routing needs for path MTU discovery, `on` sets as well.
  const std::string remedy = findings.front().remedy;
  return static_cast<std::size_t>(std::erase_if(findings, [&](const Diagnosis& it) {
    return it.id != kOff && (it.remedy.starts_with(remedy) || it.id == "path_mtu");
  }));
}

Judgement judge(const Case& machine) {
  Judgement judgement;
  check_machine(machine, judgement);
  check_listeners(machine, judgement);
  check_routing(machine, judgement);
  check_packets(machine, judgement);
  check_passing(machine, judgement);
  check_local(machine, judgement);
  check_counters(machine, judgement);
  check_off(machine, judgement);
  return judgement;
}

}  // namespace hyalite

// From settings to all that must be done so that connections reach the proxy.
// SPDX-License-Identifier: MIT
#include "interception/plan.h"

#include <algorithm>

#include "base/text.h"
#include "interception/building.h"

namespace hyalite {

namespace {

constexpr std::uint16_t kHttps = 443;

// As sysctl(8) reads a name: the first separator that occurs is the separator; then a dot of an
// interface's name is written as the other one.
std::string sysctl_path(std::string_view name) {
  std::string path(name);
  const auto first = path.find_first_of("./");
  if (first == std::string::npos || path[first] == '/') return path;
  for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return path;
}

void add_sysctls(const Intention& it, std::vector<Step>& steps) {
  for (const std::string& setting : it.interception.sysctls) {
    const auto equals = setting.find('=');
    const std::string path = sysctl_path(setting.substr(0, equals));
    steps.push_back(Sysctl{path, single_spaced(std::string_view(setting).substr(equals + 1)),
                           path.starts_with("net/bridge/")});
  }
  bool shared = false;
  for (const std::string& interface : it.interception.client_interfaces) {
    const auto& origins = it.interception.origin_interfaces;
    if (std::find(origins.begin(), origins.end(), interface) == origins.end()) continue;
    // Or the kernel tells clients of the shorter way, which leads past the proxy. It asks both.
    steps.push_back(Sysctl{"net/ipv4/conf/" + interface + "/send_redirects", "0"});
    shared = true;
  }
  if (shared) steps.push_back(Sysctl{"net/ipv4/conf/all/send_redirects", "0"});
  if (it.local(LocalCapture::routing) && it.brings_answers()) {
    // Looked up for this machine's own connections, an origin's address is local: its answers would
    // be dropped as forgeries.
    for (const std::string& interface : it.interception.origin_interfaces)
      steps.push_back(Sysctl{"net/ipv4/conf/" + interface + "/accept_local", "1"});
  }
  if (it.from_clients() && it.mode(InterceptionMode::routing) && it.brings_answers())
    steps.push_back(Sysctl{"net/ipv4/tcp_mtu_probing", "1"});
  // Or the check of where packets come from does not see their mark, and drops them: seen from
  // there, our rules would catch what they answer.
  if (it.keeps_open()) steps.push_back(Sysctl{"net/ipv4/conf/all/src_valid_mark", "1"});
}

void add_notes(const Intention& it, std::vector<std::string>& notes) {
  if (it.cuts_open() && !it.options.keep_open)
    notes.emplace_back(
        "routing rules cannot tell old connections from new ones: those that are open are reset "
        "(--keep-open lets them go on)");
  if (it.keeps_open())
    notes.emplace_back(
        "connections that are open go on without the proxy; `on` without --keep-open ends that");
  if (it.cuts_open())
    notes.emplace_back(
        "`off` resets connections that go through the proxy: end them first, by stopping the "
        "service");
  if (it.from_clients() && it.mode(InterceptionMode::routing) && it.brings_answers())
    notes.emplace_back(
        "routing brings no ICMP to the proxy: tcp_mtu_probing finds the path MTU instead, after a "
        "stall; hybrid needs no such thing");
  if (it.interception.when_down == Treatment::pass && it.from_clients())
    notes.emplace_back("while the proxy is down connections pass uninspected (when_down: pass)");
  if (it.interception.quic == Treatment::pass && it.from_clients())
    notes.emplace_back("HTTP/3 passes uninspected (quic: pass)");
  if (!it.machine.ipv6)
    notes.emplace_back("this machine has no IPv6: once it is switched on, `on` is needed again");
}

Result<void> nothing_missing(const Intention& it) {
  if (!it.local(LocalCapture::routing) || it.machine.own_v4) return {};
  return Error{
      Fault::operator_,
      "interception.local is routing, but this machine has no IPv4 address to connect from"};
}

}  // namespace

bool Intention::refuses_quic() const {
  const auto& ports = interception.ports;
  return interception.quic == Treatment::refuse &&
         std::find(ports.begin(), ports.end(), kHttps) != ports.end();
}

std::uint16_t Intention::listener_port() const {
  const ListenerSettings* listener = interception_listener(settings);
  return listener == nullptr ? std::uint16_t{0} : listener->address.port;
}

std::vector<Network> Intention::anyip() const {
  std::vector<Network> all;
  for (const ListenerSettings& listener : settings.listeners)
    all.insert(all.end(), listener.anyip.begin(), listener.anyip.end());
  return all;
}

std::vector<std::uint16_t> Intention::anyip_ports() const {
  std::vector<std::uint16_t> all;
  for (const ListenerSettings& listener : settings.listeners) {
    const std::uint16_t port = listener.address.port;
    if (!listener.anyip.empty() && std::find(all.begin(), all.end(), port) == all.end())
      all.push_back(port);
  }
  return all;
}

std::vector<Family> Intention::families() const {
  if (machine.ipv6) return {Family::v4, Family::v6};
  return {Family::v4};
}

std::vector<std::string> Intention::outer_interfaces() const {
  std::vector<std::string> outer;
  const auto& clients = interception.client_interfaces;
  for (const std::string& interface : interception.origin_interfaces) {
    if (std::find(clients.begin(), clients.end(), interface) == clients.end())
      outer.push_back(interface);
  }
  return outer;
}

Result<std::vector<std::uint32_t>> exempt_user_ids(const Intention& it) {
  std::vector<std::uint32_t> ids;
  for (const std::string& user : it.interception.exempt.users) {
    const auto number = parse_decimal(user);
    const auto known = it.machine.user_ids.find(user);
    if (number && *number < UINT32_MAX) {
      ids.push_back(static_cast<std::uint32_t>(*number));
    } else if (known != it.machine.user_ids.end()) {
      ids.push_back(known->second);
    } else {
      return Error{Fault::operator_,
                   "interception.exempt.users: there is no user \"" + printable(user) + '"'};
    }
  }
  return ids;
}

Family family_of(const Network& network) { return network.is_v4() ? Family::v4 : Family::v6; }

std::vector<Network> of_family(const std::vector<Network>& networks, Family family) {
  std::vector<Network> kept;
  for (const Network& network : networks) {
    if (family_of(network) != family) continue;
    const auto holds = [&](const Network& other) { return other.contains(network); };
    if (std::any_of(kept.begin(), kept.end(), holds)) continue;
    std::erase_if(kept, [&](const Network& other) { return network.contains(other); });
    kept.push_back(network);
  }
  return kept;
}

bool intercepts(const Settings& settings) {
  const InterceptionSettings& it = settings.interception;
  const auto named = [](const ListenerSettings& listener) { return !listener.anyip.empty(); };
  const bool from_clients = it.mode != InterceptionMode::anyip && !it.client_interfaces.empty();
  return from_clients || it.local != LocalCapture::none ||
         std::any_of(settings.listeners.begin(), settings.listeners.end(), named);
}

const ListenerSettings* interception_listener(const Settings& settings) {
  const std::string& name = settings.interception.listener;
  for (const ListenerSettings& listener : settings.listeners) {
    if (name.empty() || listener.label() == name) return &listener;
  }
  return nullptr;
}

Result<Plan> make_plan(const Settings& settings, const MachineFacts& machine,
                       const PlanOptions& options) {
  const Intention it{settings, settings.interception, machine, options};
  const auto users = exempt_user_ids(it);
  if (!users) return users.error();
  if (const auto fine = nothing_missing(it); !fine) return fine.error();
  Plan plan;
  add_sysctls(it, plan.steps);
  RoutingSteps routing = routing_steps(it, *users);
  plan.steps.insert(plan.steps.end(), routing.before.begin(), routing.before.end());
  if (PacketTable packets = packet_table(it, *users); !packets.chains.empty())
    plan.steps.emplace_back(std::move(packets));
  plan.steps.insert(plan.steps.end(), routing.capturing.begin(), routing.capturing.end());
  add_notes(it, plan.notes);
  return plan;
}

}  // namespace hyalite

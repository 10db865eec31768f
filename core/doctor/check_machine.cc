// Interfaces, capabilities, the kernel.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "doctor/case.h"

namespace hyalite {

namespace {

// Fewer are soon used up by connections to one destination.
constexpr long kFewSourcePorts = 4096;

void check_interfaces(const Case& machine, Judgement& judgement) {
  const auto& interception = machine.settings.interception;
  std::vector<std::string> all = interception.client_interfaces;
  all.insert(all.end(), interception.origin_interfaces.begin(),
             interception.origin_interfaces.end());
  if (!machine.facts.links) {
    judgement.cannot_see("interface_missing", machine.facts.links.why_not);
    return;
  }
  judgement.look("interface_missing");
  judgement.look("bridge_port_named");
  for (const std::string& name : all) {
    const LinkFact* link = machine.facts.link(name);
    if (link == nullptr) {
      judgement.find("interface_missing", "there is no interface " + name,
                     "put the right name into interception.client_interfaces or origin_interfaces",
                     "ip -brief link");
    } else if (!link->up) {
      judgement.find("interface_missing", "interface " + name + " is down",
                     "ip link set " + name + " up", "ip link show " + name);
    }
    const LinkFact* bridge = link ? machine.facts.link(link->master) : nullptr;
    if (bridge != nullptr && bridge->kind == "bridge") {
      judgement.find("bridge_port_named", name + " is a port of the bridge " + bridge->name,
                     "name " + bridge->name + " instead of " + name +
                         " in the settings, then: " + machine.switch_on,
                     "ip link show " + name);
    }
  }
}

// Listening sockets became transparent before the workers were: theirs alone are those to origins.
bool workers_need_raw_sockets(const Settings& settings) {
  return settings.upstream.source == UpstreamSource::client || settings.upstream.mark != 0;
}

void check_capability(const Case& machine, Judgement& judgement) {
  if (!machine.needs_transparent()) return;
  judgement.look("no_capability");
  if (!machine.facts.owns_network) {
    judgement.find("no_capability",
                   "this network belongs to another user namespace than the one we are in",
                   "run it outside of the user namespace (systemd: PrivateUsers=no; podman: a "
                   "network of its own instead of --network host), or use mode redirect with "
                   "upstream.source: proxy",
                   "lsns -t user -t net");
  }
  if (!machine.facts.processes) {
    judgement.cannot_see("no_capability", machine.facts.processes.why_not);
    return;
  }
  for (const ProcessFact& it : *machine.facts.processes) {
    if (!it.is_worker) continue;
    if (!it.owns_network) {
      judgement.find("no_capability",
                     "worker " + std::to_string(it.id) +
                         " is in a user namespace that does not own its network",
                     "systemd: PrivateUsers=no in the unit", "lsns -p " + std::to_string(it.id));
    } else if (!it.may_net_raw && workers_need_raw_sockets(machine.settings)) {
      judgement.find(
          "no_capability", "worker " + std::to_string(it.id) + " has no CAP_NET_RAW",
          "systemd: AmbientCapabilities=CAP_NET_RAW and CapabilityBoundingSet=CAP_NET_RAW "
          "in the unit; then restart it",
          "grep Cap /proc/" + std::to_string(it.id) + "/status");
    }
  }
}

void check_modules(const Case& machine, Judgement& judgement) {
  if (!machine.facts.rules_try) {
    if (!machine.facts.rules_try.why_not.empty())
      judgement.cannot_see("modules_missing", machine.facts.rules_try.why_not);
    return;
  }
  judgement.look("modules_missing");
  judgement.look("rules_refused");
  const RulesTry& tried = *machine.facts.rules_try;
  if (tried.accepted) return;
  if (tried.complaint.find("No such file or directory") != std::string::npos) {
    judgement.find("modules_missing", "nft lacks a kernel module: " + tried.complaint,
                   "modprobe -a nft_tproxy nft_socket nft_fib_inet nft_reject_inet nft_redir; or "
                   "interception.mode: routing, which needs none",
                   "nft -c -f FILE");
  } else {
    judgement.find("rules_refused", "nft refuses the rules: " + tried.complaint,
                   "update nftables and the kernel, or interception.mode: routing",
                   "nft -c -f FILE");
  }
}

void check_bridge_netfilter(const Case& machine, Judgement& judgement) {
  if (!machine.marks()) return;
  judgement.look("bridge_netfilter");
  for (const std::string& name : machine.settings.interception.client_interfaces) {
    const LinkFact* link = machine.facts.link(name);
    if (link == nullptr || link->kind != "bridge") continue;
    for (const bool v6 : machine.families()) {
      const std::string sysctl =
          std::string("net.bridge.bridge-nf-call-ip") + (v6 ? "6tables" : "tables");
      if (machine.facts.sysctl(sysctl).value_or(0) == 0) continue;
      judgement.find(
          "bridge_netfilter", sysctl + " is 1, and " + name + " is a bridge",
          "sysctl -w " + sysctl + "=0; or interception.mode: hybrid, which does not mind",
          "sysctl " + sysctl);
    }
  }
}

void check_source_ports(const Case& machine, Judgement& judgement) {
  judgement.look("source_ports");
  const auto range = machine.facts.sysctls.find("net.ipv4.ip_local_port_range");
  long first = 0, last = 0;
  if (range != machine.facts.sysctls.end() &&
      std::sscanf(range->second.c_str(), "%ld %ld", &first, &last) == 2 &&
      last - first + 1 < kFewSourcePorts) {
    judgement.find("source_ports",
                   "only " + std::to_string(last - first + 1) + " source ports (" +
                       std::to_string(first) + " to " + std::to_string(last) + ")",
                   "sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\"",
                   "sysctl net.ipv4.ip_local_port_range");
  }
  if (!machine.facts.service) return;
  const auto refused = machine.facts.service->find("ports_exhausted");
  if (refused == machine.facts.service->end() || refused->second == 0) return;
  judgement.find("source_ports",
                 std::to_string(refused->second) +
                     " connections to origins found no source port since the service started",
                 "sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\"; and leave "
                 "upstream.keep_client_port off",
                 "hyalite status");
}

}  // namespace

void check_machine(const Case& machine, Judgement& judgement) {
  check_interfaces(machine, judgement);
  check_capability(machine, judgement);
  check_modules(machine, judgement);
  check_bridge_netfilter(machine, judgement);
  check_source_ports(machine, judgement);
}

}  // namespace hyalite

// What is not intercepted: HTTP/3, other ports, the way around.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "doctor/case.h"

namespace hyalite {

namespace {

using What = ProbeFact::What;

bool refused_by_routing(const Case& machine, bool v6, const std::string& interface) {
  for (const ProbeFact& it : machine.facts.probes) {
    if (it.what == What::arriving_quic && it.v6 == v6 && it.interface == interface)
      return it.error.find("denied") != std::string::npos ||
             it.error.find("not permitted") != std::string::npos;
  }
  return false;
}

Traced through_both(const Case& machine, Packet packet, const std::string& out) {
  Traced there = machine.traced("prerouting", packet);
  if (!there.passes()) return there;
  packet = there.packet;
  packet.oif = out;
  return machine.traced("forward", packet);
}

std::string way_out(const Case& machine) {
  const auto& interfaces = machine.settings.interception.origin_interfaces;
  return interfaces.empty() ? "" : interfaces.front();
}

void check_quic(const Case& machine, Judgement& judgement) {
  if (!machine.refuses_quic()) return;
  for (const bool v6 : machine.families()) {
    for (const std::string& interface : machine.settings.interception.client_interfaces) {
      if (refused_by_routing(machine, v6, interface)) {
        judgement.look("quic_passes");
        continue;
      }
      if (!machine.facts.ruleset) {
        judgement.cannot_see("quic_passes", machine.facts.ruleset.why_not);
        continue;
      }
      judgement.look("quic_passes");
      Packet packet = machine.beginning(v6, interface, 443);
      packet.protocol = "udp";
      packet.begins = false;
      const Traced there = through_both(machine, packet, way_out(machine));
      if (there.end == Traced::End::rejected || (there.passes() && !there.doubts.empty())) continue;
      judgement.find("quic_passes",
                     std::string(family_name(v6)) + " UDP from " + interface + " to port 443 " +
                         (there.passes() ? "passes, uninspected"
                                         : "is dropped silently by " + there.decided_by),
                     machine.switch_on + "   (or interception.quic: pass, if that is meant)",
                     "nft list ruleset; ip rule");
    }
  }
}

void check_forwarding_switch(const Case& machine, Judgement& judgement) {
  judgement.look("not_forwarding");
  for (const bool v6 : machine.families()) {
    const char* sysctl = v6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward";
    if (machine.facts.sysctl(sysctl).value_or(1) != 0) continue;
    judgement.find("not_forwarding", std::string(sysctl) + " is 0",
                   std::string("sysctl -w ") + sysctl + "=1", std::string("sysctl ") + sysctl);
  }
}

// A firewall forbids much on purpose; one that lets nothing through is meant here.
void check_forward_chain(const Case& machine, Judgement& judgement) {
  if (!machine.facts.ruleset) {
    judgement.cannot_see("not_forwarding", machine.facts.ruleset.why_not);
    return;
  }
  struct Sample {
    const char* protocol;
    std::uint16_t port;
  };
  constexpr Sample kSamples[] = {{"tcp", 22}, {"tcp", 8443}, {"udp", 53}, {"icmp", 0}};
  const std::string out = way_out(machine);
  if (out.empty()) return;
  for (const bool v6 : machine.families()) {
    for (const std::string& interface : machine.settings.interception.client_interfaces) {
      if (interface == out) continue;
      std::string by;
      bool all_dropped = true;
      for (const Sample& sample : kSamples) {
        Packet packet = machine.beginning(v6, interface, sample.port);
        packet.protocol = v6 && sample.port == 0 ? "ipv6-icmp" : sample.protocol;
        packet.begins = packet.protocol == "tcp";
        packet.oif = out;
        const Traced there = machine.traced("forward", packet);
        all_dropped = all_dropped && !there.passes() && there.doubts.empty();
        by = there.decided_by;
      }
      if (!all_dropped) continue;
      judgement.find("not_forwarding",
                     std::string(family_name(v6)) + ": " + by + " forwards nothing from " +
                         interface + " to " + out,
                     "in that chain: iifname \"" + interface + "\" oifname \"" + out +
                         "\" accept; ct state established,related accept",
                     "nft list ruleset");
    }
  }
}

bool one_armed(const Case& machine, const std::string& interface) {
  const auto& origins = machine.settings.interception.origin_interfaces;
  if (std::find(origins.begin(), origins.end(), interface) != origins.end()) return true;
  return std::any_of(machine.facts.probes.begin(), machine.facts.probes.end(),
                     [&](const ProbeFact& it) {
                       return it.what == What::to_origin && !it.v6 && it.device == interface;
                     });
}

void check_redirects(const Case& machine, Judgement& judgement) {
  for (const std::string& interface : machine.settings.interception.client_interfaces) {
    if (!one_armed(machine, interface)) continue;
    judgement.look("redirects_sent");
    // Either of the two switches it on (ip-sysctl: send_redirects).
    const std::string prefix = "net.ipv4.conf.";
    if (machine.facts.sysctl(prefix + interface + ".send_redirects").value_or(0) == 0 &&
        machine.facts.sysctl(prefix + "all.send_redirects").value_or(0) == 0)
      continue;
    const std::string own = sysctl_of(interface, "send_redirects");
    judgement.find("redirects_sent",
                   "clients and routers are both on " + interface + ", and it sends ICMP redirects",
                   "sysctl -w " + sysctl_of("all", "send_redirects") + "=0 " + own + "=0",
                   "sysctl " + own);
  }
}

void check_offload(const Case& machine, Judgement& judgement) {
  if (!machine.facts.ruleset) return;
  for (const bool v6 : machine.families()) {
    for (const std::string& interface : machine.settings.interception.client_interfaces) {
      for (const std::uint16_t port : machine.settings.interception.ports) {
        Packet packet = machine.beginning(v6, interface, port);
        packet.oif = way_out(machine);
        packet.ct_state = "established";
        packet.begins = false;
        if (!machine.traced("forward", packet).offloaded) continue;
        judgement.find("flow_offload",
                       std::string(family_name(v6)) + " connections from " + interface +
                           " to port " + std::to_string(port) +
                           " are offloaded: those that are forwarded once pass no rule any more",
                       "before \"flow add\": tcp dport " + std::to_string(port) + " accept",
                       "nft list flowtables");
      }
    }
  }
}

void check_differences(const Case& machine, Judgement& judgement) {
  if (!machine.facts.differences) {
    if (!machine.facts.differences.why_not.empty())
      judgement.cannot_see("not_as_planned", machine.facts.differences.why_not);
    return;
  }
  judgement.look("not_as_planned");
  if (machine.facts.differences->empty()) return;
  const std::size_t more = machine.facts.differences->size() - 1;
  judgement.find("not_as_planned",
                 machine.facts.differences->front() +
                     (more == 0 ? "" : ", and " + std::to_string(more) + " more differences"),
                 machine.switch_on, "hyalite intercept show");
}

}  // namespace

void check_passing(const Case& machine, Judgement& judgement) {
  check_differences(machine, judgement);
  if (!machine.from_clients()) return;
  check_quic(machine, judgement);
  check_forwarding_switch(machine, judgement);
  check_forward_chain(machine, judgement);
  check_redirects(machine, judgement);
  check_offload(machine, judgement);
}

}  // namespace hyalite

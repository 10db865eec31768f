// Connections that this machine itself opens: those of the proxy leave, those of others are taken.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "doctor/case.h"

namespace hyalite {

namespace {

using What = ProbeFact::What;

constexpr std::uint32_t kSomeUser = 12'345;

std::string way_out(const Case& machine) {
  const auto& interfaces = machine.settings.interception.origin_interfaces;
  return interfaces.empty() ? "" : interfaces.front();
}

Packet leaving(const Case& machine, bool v6, std::uint16_t port) {
  Packet packet = machine.beginning(v6, "", port);
  packet.oif = way_out(machine);
  packet.user = kSomeUser;
  return packet;
}

Packet of_the_proxy(const Case& machine, bool v6, std::uint16_t port) {
  Packet packet = leaving(machine, v6, port);
  packet.mark = machine.settings.upstream.mark;
  packet.user = machine.facts.service_user;
  return packet;
}

// The output chains of one type alone.
Ruleset only(const Ruleset& all, std::string_view type) {
  Ruleset some = all;
  for (ChainFact& it : some.chains) {
    if (it.hook == "output" && it.type != type) it.hook.clear();
  }
  return some;
}

bool marks(const Case& machine, std::string_view type, const Packet& packet) {
  const Traced there = trace(only(*machine.facts.ruleset, type), "output", packet,
                             [](std::uint16_t, const std::string&, bool) { return false; });
  return (there.packet.mark & machine.settings.interception.mark) != 0;
}

void check_loop(const Case& machine, Judgement& judgement) {
  judgement.look("loop");
  for (const ProbeFact& it : machine.facts.probes) {
    if (it.what == What::own_upstream && it.is_local() && it.table != "local")
      judgement.find("loop",
                     std::string(family_name(it.v6)) +
                         " connections of the proxy to origins are brought back by table " +
                         it.table,
                     "set upstream.mark, and exempt it: " + machine.switch_on, it.command);
  }
  if (!machine.facts.ruleset) {
    judgement.cannot_see("loop", machine.facts.ruleset.why_not);
    return;
  }
  for (const bool v6 : machine.families()) {
    for (const std::uint16_t port : machine.settings.interception.ports) {
      const Packet own = of_the_proxy(machine, v6, port);
      const Traced there = machine.traced("output", own);
      if (there.redirected == 0 && !marks(machine, "route", own)) continue;
      judgement.find("loop",
                     std::string(family_name(v6)) + " connections of the proxy to port " +
                         std::to_string(port) + " are caught by a rule of the output hook",
                     "set upstream.mark, and exempt it: " + machine.switch_on, "nft list ruleset");
    }
  }
}

void check_tproxy(const Case& machine, bool v6, Judgement& judgement) {
  judgement.look("local_chain_not_route");
  for (const std::uint16_t port : machine.settings.interception.ports) {
    const Packet packet = leaving(machine, v6, port);
    if (marks(machine, "route", packet)) continue;
    const std::string who = std::string(family_name(v6)) + " connections of this machine to port " +
                            std::to_string(port);
    if (marks(machine, "filter", packet)) {
      judgement.find("local_chain_not_route", who + " are marked in a chain of type filter",
                     machine.switch_on, "nft list ruleset");
    } else {
      judgement.find("interface_not_matched", who + ": no packet rule takes them",
                     machine.switch_on, "nft list ruleset");
    }
  }
}

void check_redirect(const Case& machine, bool v6, Judgement& judgement) {
  for (const std::uint16_t port : machine.settings.interception.ports) {
    if (machine.traced("output", leaving(machine, v6, port)).redirected != 0) continue;
    judgement.find("interface_not_matched",
                   std::string(family_name(v6)) + " connections of this machine to port " +
                       std::to_string(port) + ": no packet rule takes them",
                   machine.switch_on, "nft list ruleset");
  }
}

// A table that takes what this machine sends, before it has a source.
void check_sources(const Case& machine, Judgement& judgement) {
  if (!machine.facts.rules || !machine.facts.routes) return;
  for (const RuleFact& rule : *machine.facts.rules) {
    if (rule.iif != "lo" || rule.v6 || rule.mark || rule.table.empty()) continue;
    judgement.look("local_route_without_source");
    for (const RouteFact& route : *machine.facts.routes) {
      if (route.v6 || route.table != rule.table || route.type != "local" || !route.source.empty() ||
          route.table == "local")
        continue;
      judgement.find("local_route_without_source",
                     "the route to " + route.destination + " in table " + route.table +
                         " has no src, and rule " + std::to_string(rule.preference) +
                         " looks it up for this machine's own connections",
                     machine.switch_on, "ip route show table " + route.table);
    }
  }
}

}  // namespace

void check_local(const Case& machine, Judgement& judgement) {
  check_loop(machine, judgement);
  check_sources(machine, judgement);
  const LocalCapture local = machine.settings.interception.local;
  if (local == LocalCapture::none || local == LocalCapture::routing) return;
  if (!machine.facts.ruleset) {
    judgement.cannot_see("local_chain_not_route", machine.facts.ruleset.why_not);
    return;
  }
  for (const bool v6 : machine.families()) {
    if (local == LocalCapture::tproxy) check_tproxy(machine, v6, judgement);
    if (local == LocalCapture::redirect) check_redirect(machine, v6, judgement);
  }
}

}  // namespace hyalite

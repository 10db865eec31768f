// Routing rules and routes: the way to the proxy, and the way of answers.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "doctor/case.h"

namespace hyalite {

namespace {

using What = ProbeFact::What;

class Routing {
 public:
  Routing(const Case& machine, Judgement& judgement)
      : machine_(machine), facts_(machine.facts), judgement_(judgement) {}

  void check() {
    if (!facts_.rules || !facts_.routes) {
      for (const std::string_view id : {"rule_missing", "route_missing", "rule_shadowed"})
        judgement_.cannot_see(id, facts_.rules ? facts_.routes.why_not : facts_.rules.why_not);
      return;
    }
    check_dead_ends();
    for (const ProbeFact& probe : facts_.probes) check_probe(probe);
    check_marks();
    check_addresses();
    if (machine_.mode(InterceptionMode::anyip)) check_named();
    if (machine_.mode(InterceptionMode::routing) && machine_.brings_answers()) check_mirrors();
  }

 private:
  void check_probe(const ProbeFact& probe) {
    switch (probe.what) {
      case What::arriving:
        check_arriving(probe);
        break;
      case What::arriving_icmp:
        judgement_.look("rule_unrestricted");
        if (probe.is_local() && probe.table == machine_.table()) find_unrestricted(probe);
        break;
      case What::answering:
        check_answering(probe);
        break;
      case What::answering_icmp:
        check_icmp_answering(probe);
        break;
      case What::back_to_client:
        check_way_back(probe);
        break;
      case What::to_origin:
        judgement_.look("origin_unreachable");
        if (!probe.error.empty())
          judgement_.find("origin_unreachable", "no route to " + probe.to + ": " + probe.error,
                          "ip route add default via ROUTER dev INTERFACE", probe.command);
        break;
      case What::arriving_quic:
      case What::own_upstream:
        break;  // check_passing, check_local
    }
  }

  void check_arriving(const ProbeFact& probe) {
    for (const std::string_view id : {"rule_missing", "one_family_missing", "route_missing",
                                      "route_not_local", "rule_shadowed"})
      judgement_.look(id);
    if (probe.is_local()) return;
    explain(probe, probe.interface, "connections from " + probe.interface, "");
  }

  void check_answering(const ProbeFact& probe) {
    judgement_.look("return_rule_missing");
    judgement_.look("answers_look_local");
    // What is wrong with the table is said once.
    if (probe.is_local() || judgement_.has("route_missing") || judgement_.has("route_not_local") ||
        judgement_.has("next_hop_is_self") || judgement_.has("onlink_route"))
      return;
    // Without a way to the origin its address is no valid source either (origin_unreachable).
    if (!origin_reachable(probe.v6) && !probe.error.empty()) return;
    explain(probe, probe.interface, "answers that come from " + probe.interface,
            "return_rule_missing");
  }

  bool origin_reachable(bool v6) const {
    return std::none_of(facts_.probes.begin(), facts_.probes.end(), [&](const ProbeFact& it) {
      return it.what == What::to_origin && it.v6 == v6 && !it.error.empty();
    });
  }

  // Why does what arrives not come here? `missing`: what it is called when there is no rule.
  void explain(const ProbeFact& probe, const std::string& interface, const std::string& who,
               std::string_view missing) {
    const std::string what = std::string(family_name(probe.v6)) + " " + who + ": ";
    const RuleFact* rule = bringing_rule(probe.v6, interface, probe);
    if (rule == nullptr) {
      const bool other = bringing_rule(!probe.v6, interface, probe) != nullptr;
      judgement_.find(!missing.empty() ? missing
                      : other          ? "one_family_missing"
                                       : "rule_missing",
                      what + "no routing rule looks up table " + machine_.table(),
                      machine_.switch_on, probe.command);
    } else if (const RouteFact* route = main_route_of_table(probe.v6); route == nullptr) {
      judgement_.find("route_missing", what + "table " + machine_.table() + " is empty",
                      machine_.switch_on, route_command(probe.v6));
    } else if (route->type != "local") {
      if (!judgement_.has("next_hop_is_self") && !judgement_.has("onlink_route"))
        judgement_.find(
            "route_not_local",
            what + "the route in table " + machine_.table() + " is of type " + route->type,
            machine_.switch_on, route_command(probe.v6));
    } else if (is_source_check(probe.error)) {
      find_source_check(probe, *rule, what, missing);
    } else {
      find_shadow(probe, *rule, what, missing);
    }
  }

  void find_source_check(const ProbeFact& probe, const RuleFact& rule, const std::string& what,
                         std::string_view missing) {
    if (rule.iif.empty() && effective("src_valid_mark", probe.interface) > 0)
      return;  // check_marks
    if (makes_senders_local(probe)) {
      judgement_.find("answers_look_local",
                      what + "a rule with iif lo makes " + probe.from + " look like an own address",
                      "sysctl -w " + sysctl_of(probe.interface, "accept_local") + "=1",
                      probe.command);
    } else if (strict(probe.interface)) {
      find_strict(probe.from, probe.interface, "another interface", probe.command);
    } else {
      find_shadow(probe, rule, what, missing);
    }
  }

  // The source of a packet is looked up as a destination, as if lo asked (fib_validate_source).
  bool makes_senders_local(const ProbeFact& probe) const {
    if (probe.v6 || effective("accept_local", probe.interface) > 0) return false;
    return std::any_of(facts_.rules->begin(), facts_.rules->end(), [&](const RuleFact& it) {
      return !it.v6 && it.iif == "lo" && !it.mark && !it.table.empty() && it.dport != 0 &&
             it.dport == probe.port;
    });
  }

  void find_shadow(const ProbeFact& probe, const RuleFact& ours, const std::string& what,
                   std::string_view missing) {
    for (const RuleFact& it : *facts_.rules) {
      const bool before = it.v6 == probe.v6 && it.preference < ours.preference;
      if (!before || it.table.empty() || it.table == "local" || it.table == machine_.table())
        continue;
      if (!it.iif.empty() && it.iif != probe.interface) continue;
      judgement_.find("rule_shadowed",
                      what + "rule " + std::to_string(it.preference) + " (table " + it.table +
                          ") comes before ours, " + std::to_string(ours.preference),
                      "give it a number after ours, or set interception.preference below " +
                          std::to_string(it.preference) + ", then: " + machine_.switch_on,
                      probe.v6 ? "ip -6 rule" : "ip rule");
      return;
    }
    judgement_.find(missing.empty() ? "rule_missing" : missing,
                    what + "they are not brought here (" +
                        (probe.error.empty() ? probe.type + " dev " + probe.device : probe.error) +
                        ")",
                    machine_.switch_on, probe.command);
  }

  void find_unrestricted(const ProbeFact& probe) {
    judgement_.find("rule_unrestricted",
                    std::string(family_name(probe.v6)) + ": everything that arrives on " +
                        probe.interface + " is brought here, pings too",
                    "delete the rule without dport and fwmark (ip rule del pref NUMBER), then: " +
                        machine_.switch_on,
                    probe.command);
  }

  void check_icmp_answering(const ProbeFact& probe) {
    judgement_.look("path_mtu");
    if (probe.is_local() || facts_.sysctl("net.ipv4.tcp_mtu_probing").value_or(0) > 0) return;
    judgement_.find("path_mtu",
                    std::string(family_name(probe.v6)) +
                        ": ICMP errors about the proxy's packets are forwarded to clients",
                    "sysctl -w net.ipv4.tcp_mtu_probing=1; or interception.mode: hybrid",
                    probe.command);
  }

  void check_way_back(const ProbeFact& probe) {
    judgement_.look("reverse_path_filter");
    if (probe.v6 || probe.device.empty() || probe.device == probe.interface) return;
    if (strict(probe.interface))
      find_strict(probe.to, probe.interface, probe.device, probe.command);
  }

  void find_strict(const std::string& client, const std::string& interface,
                   const std::string& elsewhere, const std::string& command) {
    judgement_.find("reverse_path_filter",
                    "rp_filter is strict on " + interface + ", and what is sent to " + client +
                        " leaves by " + elsewhere,
                    "sysctl -w " + sysctl_of(interface, "rp_filter") + "=2", command);
  }

  // The larger of all and the interface's own counts (ip-sysctl: rp_filter).
  bool strict(const std::string& interface) const { return effective("rp_filter", interface) == 1; }

  long effective(const std::string& name, const std::string& interface) const {
    const std::string prefix = "net.ipv4.conf.";
    return std::max(facts_.sysctl(prefix + "all." + name).value_or(0),
                    facts_.sysctl(prefix + interface + "." + name).value_or(0));
  }

  // What other programs set, and what only a rule with iif survives.
  void check_marks() {
    if (!machine_.marks()) return;
    judgement_.look("src_valid_mark");
    judgement_.look("fwmark_accept");
    for (const RuleFact& it : *facts_.rules) {
      if (it.table != machine_.table() || !it.mark || !it.iif.empty()) continue;
      const std::string command = std::string(it.v6 ? "ip -6 rule" : "ip rule");
      for (const std::string& interface : machine_.settings.interception.client_interfaces) {
        if (it.v6 || effective("src_valid_mark", interface) == 0) continue;
        judgement_.find("src_valid_mark",
                        "src_valid_mark is 1 for " + interface + ", and rule " +
                            std::to_string(it.preference) + " has no iif",
                        machine_.switch_on + "   (its rules have iif)", command);
      }
      if (facts_.sysctl("net.ipv4.tcp_fwmark_accept").value_or(0) != 0)
        judgement_.find("fwmark_accept",
                        "tcp_fwmark_accept is 1, and " + std::string(family_name(it.v6)) +
                            " rule " + std::to_string(it.preference) + " has no iif",
                        machine_.switch_on + "   (its rules have iif)", command);
    }
  }

  void check_dead_ends() {
    judgement_.look("next_hop_is_self");
    judgement_.look("onlink_route");
    for (const RouteFact& it : *facts_.routes) {
      const auto gateway = IpAddress::parse(it.gateway);
      const std::string command = "ip " + std::string(it.v6 ? "-6 " : "") + "route del " +
                                  it.destination + " table " + it.table;
      const std::string shown =
          "ip " + std::string(it.v6 ? "-6 " : "") + "route show table " + it.table;
      if (gateway && facts_.is_own(*gateway)) {
        judgement_.find("next_hop_is_self",
                        "the route to " + it.destination + " in table " + it.table + " leads by " +
                            it.gateway + ", an address of this machine",
                        command + "; then: " + machine_.switch_on, shown);
      } else if (it.onlink && it.table == machine_.table()) {
        judgement_.find("onlink_route",
                        "the route to " + it.destination + " in table " + it.table +
                            " is an onlink route by " + it.gateway,
                        command + "; then: " + machine_.switch_on, shown);
      }
    }
  }

  void check_addresses() {
    if (!facts_.addresses) return;
    judgement_.look("local_address_removed");
    for (const AddressFact& it : *facts_.addresses) {
      const bool there =
          std::any_of(facts_.routes->begin(), facts_.routes->end(), [&](const RouteFact& route) {
            return route.type == "local" && route.table == "local" &&
                   route.destination == it.ip.text();
          });
      if (there || !it.global) continue;
      judgement_.find("local_address_removed",
                      it.ip.text() + " of " + it.link + " is not in table local",
                      std::string("ip ") + (it.ip.is_v4() ? "" : "-6 ") + "route add local " +
                          it.ip.text() + " dev " + it.link + " table local",
                      "ip route show table local");
    }
  }

  // The destinations that are made addresses of this machine.
  void check_named() {
    judgement_.look("route_missing");
    for (const ListenerSettings& listener : machine_.settings.listeners) {
      for (const Network& it : listener.anyip) {
        const bool there =
            std::any_of(facts_.routes->begin(), facts_.routes->end(), [&](const RouteFact& route) {
              return route.type == "local" && route.table == "local" &&
                     Network::parse(route.destination) == it;
            });
        if (!there)
          judgement_.find("route_missing", it.text() + " is not in table local (anyip)",
                          machine_.switch_on, "ip route show table local");
      }
    }
  }

  // An exemption of ours or another's before our rule: "iif LAN from CLIENT", "iif LAN to HOST".
  void check_mirrors() {
    judgement_.look("exemption_not_mirrored");
    const auto& interception = machine_.settings.interception;
    for (const RuleFact& it : *facts_.rules) {
      const bool exempts = contains(interception.client_interfaces, it.iif) && !it.mark &&
                           it.table == "main" && !(it.from.empty() && it.to.empty());
      if (!exempts) continue;
      for (const std::string& outside : interception.origin_interfaces) {
        if (has_mirror(it, outside)) continue;
        const std::string other =
            (it.to.empty() ? "" : " from " + it.to) + (it.from.empty() ? "" : " to " + it.from);
        judgement_.find("exemption_not_mirrored",
                        std::string(family_name(it.v6)) + " rule " + std::to_string(it.preference) +
                            " exempts, but answers" + other + " on " + outside +
                            " are still brought here",
                        std::string("ip ") + (it.v6 ? "-6 " : "") + "rule add pref " +
                            std::to_string(it.preference) + " iif " + outside + other +
                            " lookup main; or interception.mode: hybrid",
                        it.v6 ? "ip -6 rule" : "ip rule");
      }
    }
  }

  bool has_mirror(const RuleFact& rule, const std::string& outside) const {
    return std::any_of(facts_.rules->begin(), facts_.rules->end(), [&](const RuleFact& it) {
      return it.v6 == rule.v6 && it.iif == outside && it.table == "main" && it.from == rule.to &&
             it.to == rule.from;
    });
  }

  static bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }

  // A rule that would bring here what the probe is about.
  const RuleFact* bringing_rule(bool v6, const std::string& interface,
                                const ProbeFact& probe) const {
    const std::uint32_t mark = machine_.settings.interception.mark;
    const bool marked = machine_.marks() ||
                        (probe.what == What::answering && machine_.mode(InterceptionMode::hybrid));
    for (const RuleFact& it : *facts_.rules) {
      if (it.v6 != v6 || it.table != machine_.table() || it.inverted) continue;
      if (!it.iif.empty() && it.iif != interface) continue;
      if (it.mark && (!marked || (mark & it.mask) != (*it.mark & it.mask))) continue;
      if (!it.protocol.empty() && it.protocol != "tcp") continue;
      if (it.dport != 0 && (probe.what == What::answering || probe.port < it.dport ||
                            probe.port > std::max(it.dport, it.dport_end)))
        continue;
      if (it.sport != 0 && (probe.what != What::answering || it.sport != probe.port)) continue;
      return &it;
    }
    return nullptr;
  }

  // What most packets meet there; exemptions (throw) aside.
  const RouteFact* main_route_of_table(bool v6) const {
    const RouteFact* found = nullptr;
    for (const RouteFact& it : *facts_.routes) {
      if (it.v6 != v6 || it.table != machine_.table() || it.type == "throw") continue;
      if (found == nullptr || it.destination == "default") found = &it;
    }
    return found;
  }

  std::string route_command(bool v6) const {
    return std::string("ip ") + (v6 ? "-6 " : "") + "route show table " + machine_.table();
  }

  static bool is_source_check(const std::string& error) {
    return error.find("cross-device") != std::string::npos ||
           error.find("Invalid argument") != std::string::npos;
  }

  const Case& machine_;
  const Facts& facts_;
  Judgement& judgement_;
};

}  // namespace

void check_routing(const Case& machine, Judgement& judgement) {
  Routing(machine, judgement).check();
}

}  // namespace hyalite

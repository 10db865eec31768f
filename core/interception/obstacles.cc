// What stands in the way of a plan.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/fd.h"
#include "base/text.h"
#include "interception/machine.h"
#include "interception/program.h"

namespace hyalite {

namespace {

Error obstacle(std::string text) { return Error{Fault::operator_, std::move(text)}; }

constexpr unsigned kCapNetAdmin = 12;  // capability.h

bool may_change_networks() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapEff:"))
      return ((std::stoull(line.substr(7), nullptr, 16) >> kCapNetAdmin) & 1) != 0;
  }
  return true;
}

class Search {
 public:
  Search(const Settings& settings, const Plan& plan) : it_(settings.interception), plan_(plan) {
    for (const RoutingRule& rule : plan.all<RoutingRule>()) {
      if (rule.target == kLocalTable) moves_first_ = true;
    }
  }

  Result<void> run() const {
    for (const auto step :
         {&Search::privilege, &Search::programs, &Search::interfaces, &Search::loopback,
          &Search::kernel_settings, &Search::places, &Search::packet_rules}) {
      if (auto found = (this->*step)(); !found) return found;
    }
    return {};
  }

 private:
  Result<void> privilege() const {
    if (may_change_networks()) return {};
    return obstacle("this needs root (or CAP_NET_ADMIN); `hyalite intercept plan` does not");
  }

  Result<void> programs() const {
    if (find_system_program("ip").empty())
      return obstacle("the program ip is missing (package iproute2)");
    if (!plan_.all<PacketTable>().empty() && find_system_program("nft").empty())
      return obstacle("the program nft is missing (package nftables); mode routing needs none");
    return {};
  }

  Result<void> interfaces() const {
    for (const auto* list : {&it_.client_interfaces, &it_.origin_interfaces}) {
      for (const std::string& name : *list) {
        if (::if_nametoindex(name.c_str()) == 0)
          return obstacle("there is no interface " + name + " (interception." +
                          (list == &it_.client_interfaces ? "client" : "origin") + "_interfaces)");
      }
    }
    return {};
  }

  Result<void> loopback() const {
    const auto over_it = [](const RouteEntry& it) {
      return it.family == Family::v6 && it.kind == RouteEntry::Kind::local;
    };
    const std::vector<RouteEntry> routes = plan_.all<RouteEntry>();
    if (std::none_of(routes.begin(), routes.end(), over_it) ||
        read_sysctl("net/ipv6/conf/lo/disable_ipv6") != "1")
      return {};
    return obstacle(
        "IPv6 is on for an interface of interception, but off for lo, over which it is brought "
        "here: net.ipv6.conf.lo.disable_ipv6=0, or switch it off for both");
  }

  Result<void> kernel_settings() const {
    for (const Sysctl& sysctl : plan_.all<Sysctl>()) {
      const Fd file(::open(("/proc/sys/" + sysctl.name).c_str(), O_WRONLY | O_CLOEXEC));
      if (file || (sysctl.optional && errno == ENOENT)) continue;
      return obstacle("cannot set " + sysctl.name + ": " + std::strerror(errno));
    }
    return {};
  }

  Result<void> places() const {
    for (const Family family : kFamilies) {
      if (!uses(family)) continue;
      const auto rules = find_rules(family);
      if (!rules) return rules.error();
      for (const FoundRule& rule : *rules) {
        if (rule.ours()) continue;
        if (auto clash = clash_with(rule); !clash) return clash;
      }
      const auto routes = find_routes(family, static_cast<std::uint32_t>(it_.table));
      if (!routes) return routes.error();
      for (const FoundRoute& route : *routes) {
        if (!route.ours() && !plan_.all<RouteEntry>().empty())
          return obstacle("routing table " + std::to_string(it_.table) + " is in use: " +
                          printable(route.text) + "; choose another interception.table");
      }
    }
    return {};
  }

  bool uses(Family family) const {
    for (const RoutingRule& rule : plan_.all<RoutingRule>()) {
      if (rule.family == family) return true;
    }
    return false;
  }

  Result<void> clash_with(const FoundRule& found) const {
    const RoutingRule& rule = found.rule;
    const std::string shown = printable(found.text);
    const auto first = static_cast<std::uint32_t>(it_.preference);
    if (rule.preference >= first && rule.preference < first + 10)
      return obstacle("rule preference " + std::to_string(rule.preference) +
                      " is in use: " + shown + "; choose another interception.preference");
    const bool local = rule.preference == 0 && rule.target == kLocalTable && !found.more;
    if (moves_first_ && rule.preference <= 3 && !local)
      return obstacle("anyip needs the rule preferences 0 to 3, and one is in use: " + shown);
    if (rule.action == RoutingRule::Action::lookup && rule.target == it_.table)
      return obstacle("routing table " + std::to_string(it_.table) + " is in use: " + shown +
                      "; choose another interception.table");
    if (rule.mark && (rule.mark->value & rule.mark->mask & (it_.mark | it_.keep_mark)) != 0)
      return obstacle(
          "another rule looks at bits of interception.mark or interception.keep_mark: " + shown +
          "; choose others");
    return {};
  }

  static Error refusal(const std::string& said) {
    const std::string text = "nft refuses the rules: " + printable(said, 500);
    if (said.find("cgroupv2") != std::string::npos)
      return obstacle(
          text +
          " (a control group of interception.exempt.cgroups must be there already: name "
          "a slice that stays)");
    if (said.find("No such file") == std::string::npos &&
        said.find("not supported") == std::string::npos)
      return obstacle(text);
    return Error{Fault::operator_,
                 text +
                     " (the kernel may lack a module: nft_tproxy, nft_socket, nft_redir, "
                     "nft_fib_inet; mode routing needs none)",
                 EOPNOTSUPP};
  }

  // nft's own check asks the kernel, and changes nothing.
  Result<void> packet_rules() const {
    for (const PacketTable& table : plan_.all<PacketTable>()) {
      const auto run = run_program({{"nft", "-c", "-f", "-"}, nft_text(table)});
      if (!run) return run.error();
      if (*run) continue;
      return refusal(std::string(trim(run->complaints.substr(0, run->complaints.find('\n')))));
    }
    return {};
  }

  const InterceptionSettings& it_;
  const Plan& plan_;
  bool moves_first_ = false;
};

}  // namespace

Result<void> find_obstacles(const Settings& settings, const Plan& plan) {
  return Search(settings, plan).run();
}

}  // namespace hyalite

// Looks at the machine; changes nothing.
// SPDX-License-Identifier: MIT
#include "doctor/gather.h"

#include <pwd.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "doctor/output_of.h"
#include "doctor/processes.h"
#include "doctor/reading.h"
#include "interception/installer.h"
#include "interception/machine.h"
#include "interception/state.h"

namespace hyalite {

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string why_not(const std::vector<std::string>& command, const Said& said) {
  return (said.status < 0 ? "" : command.front() + " says: ") + complaint_of(said);
}

template <class T>
Seen<T> seen(Result<T> read) {
  if (!read) return {std::nullopt, read.error().text};
  return {*std::move(read), {}};
}

template <class T>
Seen<T> ask(const std::vector<std::string>& command, Result<T> (*read)(std::string_view)) {
  const Said said = output_of(command);
  if (said.status != 0) return {std::nullopt, why_not(command, said)};
  return seen(read(said.output));
}

// Of both families, one after the other.
template <class T>
Seen<std::vector<T>> ask_both(const std::vector<std::string>& what,
                              Result<std::vector<T>> (*read)(std::string_view, bool)) {
  std::vector<T> all;
  for (const bool v6 : {false, true}) {
    if (v6 && contents("/proc/net/if_inet6").empty()) continue;
    std::vector<std::string> command = {"ip", "-N", "-json", v6 ? "-6" : "-4"};
    command.insert(command.end(), what.begin(), what.end());
    const Said said = output_of(command);
    if (said.status != 0) return {std::nullopt, why_not(command, said)};
    Result<std::vector<T>> part = read(said.output, v6);
    if (!part) return {std::nullopt, part.error().text};
    all.insert(all.end(), part->begin(), part->end());
  }
  return {std::move(all), {}};
}

Seen<Ruleset> ask_ruleset() {
  const std::vector<std::string> command = {"nft", "-j", "list", "ruleset"};
  const Said said = output_of(command);
  const bool forbidden = said.complaint.find("ermitted") != std::string::npos;
  if (forbidden || (said.status == 0 && trim(said.output).empty()))
    return {std::nullopt, "only root may see packet rules (sudo hyalite doctor)"};
  if (said.status != 0) return {std::nullopt, why_not(command, said)};
  return seen(read_ruleset(said.output));
}

Seen<RulesTry> try_rules(const std::string& rules) {
  if (rules.empty()) return {};
  const std::vector<std::string> command = {"nft", "-c", "-f", "-"};
  const Said said = output_of(command, rules);
  if (said.complaint.find("not permitted") != std::string::npos)
    return {std::nullopt, "only root may try packet rules (sudo hyalite doctor)"};
  if (said.status < 0) return {std::nullopt, why_not(command, said)};
  return {RulesTry{said.status == 0, complaint_of(said)}, {}};
}

// Is what `intercept on` made what the settings want? Rules may have been made in another way.
Seen<std::vector<std::string>> ask_differences(const Settings& settings) {
  const auto state = StateFile().read();
  if (!state) return {std::nullopt, state.error().text};
  if (!*state) return {std::vector<std::string>{}, {}};
  const Result<Comparison> compared = compare(settings, look_at_machine(settings));
  if (!compared) return {std::nullopt, compared.error().text};
  std::vector<std::string> all;
  if (!compared->complete) all.push_back("intercept on or off did not come to its end");
  for (const Difference& it : compared->differences)
    all.push_back(std::string(name_of(it.kind)) + ": " + it.what);
  return {std::move(all), {}};
}

// Where others took away what `on` had made, its state is still there.
Seen<bool> ask_off() {
  const auto state = StateFile().read();
  if (!state) return {std::nullopt, state.error().text};
  if (*state) return {false, {}};
  const auto ours = find_ours();
  if (!ours) return {std::nullopt, ours.error().text};
  return {ours->nothing(), {}};
}

Seen<std::vector<ListenerFact>> ask_listeners() {
  const std::vector<std::string> command = {"ss", "-Hlntpe", "--inet-sockopt"};
  const Said said = output_of(command);
  if (said.status != 0) return {std::nullopt, why_not(command, said)};
  return {read_listeners(said.output), {}};
}

void answer(ProbeFact& probe) {
  std::vector<std::string> command;
  for (const std::string_view word : split(probe.command, ' ')) command.emplace_back(word);
  command.insert(command.begin() + 1, {"-N", "-json"});
  const Said said = output_of(command);
  read_answer(said.output, said.complaint, probe);
}

void read_sysctl(const std::string& name, Facts& facts) {
  std::string path = "/proc/sys/";
  // The names of interfaces may have dots: callers write the path's slashes.
  path += name;
  const std::string text = contents(path);
  if (text.empty()) return;
  std::string dotted = name;
  for (char& c : dotted) {
    if (c == '/') c = '.';
  }
  facts.sysctls[dotted] = std::string(trim(std::string_view(text).substr(0, text.find('\n'))));
}

void read_sysctls(const Settings& settings, Facts& facts) {
  for (const char* name :
       {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/tcp_fwmark_accept",
        "net/ipv4/tcp_mtu_probing", "net/ipv4/ip_local_port_range",
        "net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"})
    read_sysctl(name, facts);
  std::vector<std::string> interfaces = settings.interception.client_interfaces;
  interfaces.insert(interfaces.end(), settings.interception.origin_interfaces.begin(),
                    settings.interception.origin_interfaces.end());
  interfaces.push_back("all");
  for (const std::string& interface : interfaces) {
    for (const char* name : {"rp_filter", "src_valid_mark", "send_redirects", "accept_local"})
      read_sysctl("net/ipv4/conf/" + interface + "/" + name, facts);
  }
}

std::uint32_t user_id(const std::string& name) {
  if (const auto number = parse_decimal(name)) return static_cast<std::uint32_t>(*number);
  const passwd* user = ::getpwnam(name.c_str());
  return user ? user->pw_uid : 0;
}

}  // namespace

Counters kernel_counters() {
  Counters counters;
  read_counters(contents("/proc/net/snmp"), counters);
  read_counters(contents("/proc/net/netstat"), counters);
  read_route_cache(contents("/proc/net/stat/rt_cache"), counters);
  return counters;
}

Facts gather(const Settings& settings, const GatherOptions& options) {
  Facts facts;
  facts.links = ask({"ip", "-N", "-details", "-json", "link"}, read_links);
  facts.addresses = ask({"ip", "-N", "-json", "address"}, read_addresses);
  facts.rules = ask_both({"rule"}, read_rules);
  facts.routes = ask_both({"route", "show", "table", "all"}, read_routes);
  facts.listeners = ask_listeners();
  facts.ruleset = ask_ruleset();
  facts.rules_try = try_rules(options.packet_rules);
  facts.differences = ask_differences(settings);
  facts.off = ask_off();
  facts.processes = service_processes();
  facts.service = service_counters(settings.admin);
  facts.owns_network = owns_this_network();
  facts.legacy_tables = !contents("/proc/net/ip_tables_names").empty() ||
                        !contents("/proc/net/ip6_tables_names").empty();
  facts.service_user = user_id(settings.workers.user);
  read_sysctls(settings, facts);
  const auto neighbors = ask({"ip", "-N", "-json", "neighbor"}, read_neighbors);
  facts.probes =
      questions(settings, facts.addresses ? *facts.addresses : std::vector<AddressFact>{},
                neighbors ? *neighbors : std::vector<NeighborFact>{}, options.hint);
  for (ProbeFact& probe : facts.probes) answer(probe);
  return facts;
}

}  // namespace hyalite

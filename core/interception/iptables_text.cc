// Packet rules as iptables-restore reads them.
// SPDX-License-Identifier: MIT
#include "interception/iptables_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

namespace hyalite {

namespace {

using Hook = PacketChain::Hook;
using Type = PacketChain::Type;

// multiport takes no more.
constexpr std::size_t kPortsAtOnce = 15;

std::string masked(std::uint32_t bits, bool absent = false) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bits, 16).ptr;
  const std::string mask = "0x" + std::string(digits.data(), end);
  return (absent ? "0x0" : mask) + '/' + mask;
}

std::string upper(const std::string& text) {
  std::string out = text;
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string chain_name(const std::string& name) {
  return std::string(kIptablesPrefix) + upper(name);
}

// One rule may become several: each match says in which ways it can be written.
using Ways = std::vector<std::string>;

Ways port_ways(const char* option, std::string_view protocol,
               const std::vector<std::uint16_t>& ports) {
  Ways ways;
  for (std::size_t at = 0; at < ports.size(); at += kPortsAtOnce) {
    std::string list;
    for (std::size_t i = at; i < std::min(at + kPortsAtOnce, ports.size()); ++i)
      list += (list.empty() ? "" : ",") + std::to_string(ports[i]);
    ways.push_back("-p " + std::string(protocol) + " -m multiport " + option + ' ' + list);
  }
  return ways;
}

std::string joined(const std::vector<Network>& networks) {
  std::string list;
  for (const Network& network : networks) list += (list.empty() ? "" : ",") + network.text();
  return list;
}

struct WriteMatch {
  Family family;

  Ways operator()(const ArrivesOn& it) const {
    Ways ways;
    if (it.elsewhere) return {""};  // those that are meant have returned before
    for (const std::string& interface : it.interfaces) ways.push_back("-i " + interface);
    return ways;
  }
  Ways operator()(const ForThisMachine&) const { return {"-m addrtype --dst-type LOCAL"}; }
  Ways operator()(const ToPorts& it) const { return port_ways("--dports", it.protocol, it.ports); }
  Ways operator()(const FromPorts& it) const {
    return port_ways("--sports", it.protocol, it.ports);
  }
  Ways operator()(const Begins&) const { return {"-p tcp --tcp-flags FIN,SYN,RST,ACK SYN"}; }
  // xt_socket passes over sockets that listen everywhere by itself.
  Ways operator()(const MeetsListener&) const { return {}; }
  Ways operator()(const MeetsTransparentSocket&) const { return {"-m socket --transparent"}; }
  Ways operator()(const MeetsProxysListener&) const {
    return {"-m socket --nowildcard --transparent"};
  }
  Ways operator()(const HasMark& it) const {
    return {std::string(it.tracked ? "-m connmark" : "-m mark") + " --mark " +
            masked(it.bits, it.absent)};
  }
  Ways operator()(const FromNetworks& it) const { return of_family("-s ", it.networks); }
  Ways operator()(const ToNetworks& it) const { return of_family("-d ", it.networks); }
  Ways operator()(const OfUsers& it) const {
    Ways ways;
    for (const std::uint32_t id : it.ids)
      ways.push_back("-m owner --uid-owner " + std::to_string(id));
    return ways;
  }
  Ways operator()(const OfCgroup& it) const { return {"-m cgroup --path \"" + it.path + '"'}; }

  Ways of_family(const char* option, const std::vector<Network>& networks) const {
    if (networks.front().is_v4() != (family == Family::v4)) return {};
    return {option + joined(networks)};
  }
};

// The targets, one rule each.
struct WriteDeed {
  Family family;

  Ways operator()(const Accept&) const { return {"-j ACCEPT"}; }
  Ways operator()(const Jump& it) const { return {"-j " + chain_name(it.chain)}; }
  Ways operator()(const Divert& it) const {
    return {"-p tcp -j TPROXY --on-port " + std::to_string(it.port) + " --tproxy-mark " +
            masked(it.mark)};
  }
  Ways operator()(const SetMark& it) const {
    Ways ways = {std::string(it.tracked ? "-j CONNMARK" : "-j MARK") + " --set-xmark " +
                 masked(it.bits)};
    if (it.accept) ways.emplace_back("-j ACCEPT");
    return ways;
  }
  Ways operator()(const Redirect& it) const {
    return {"-p tcp -j REDIRECT" + (it.port == 0 ? "" : " --to-ports " + std::to_string(it.port))};
  }
  Ways operator()(const RejectWithReset&) const {
    return {"-p tcp -j REJECT --reject-with tcp-reset"};
  }
  Ways operator()(const RejectUnreachable&) const {
    return {family == Family::v4 ? "-j REJECT --reject-with icmp-port-unreachable"
                                 : "-j REJECT --reject-with icmp6-port-unreachable"};
  }
  Ways operator()(const Defragment&) const { return {"-p tcp -j TPROXY --on-port 1"}; }
};

class Writer {
 public:
  Writer(const PacketTable& table, Family family) : family_(family) {
    for (const PacketChain& chain : table.chains) chains_[chain.name] = &chain;
    for (const PacketChain& chain : table.chains) {
      if (chain.hook != Hook::none) place(chain, table_for(chain));
      if (defragments(chain)) place(chain, "mangle");
    }
  }

  std::string on() const {
    std::string text;
    for (const auto& [table, names] : places_) {
      text += '*' + table + '\n';
      for (const std::string& name : names) text += ':' + chain_name(name) + " - [0:0]\n";
      for (const std::string& name : names) text += chain_text(*chains_.at(name), table);
      for (const std::string& name : names) text += hooked("-I", *chains_.at(name), table);
      text += "COMMIT\n";
    }
    return text;
  }

  std::string off() const {
    std::string text;
    for (const auto& [table, names] : places_) {
      text += '*' + table + '\n';
      for (const std::string& name : names) text += hooked("-D", *chains_.at(name), table);
      for (const std::string& name : names) text += "-F " + chain_name(name) + '\n';
      for (const std::string& name : names) text += "-X " + chain_name(name) + '\n';
      text += "COMMIT\n";
    }
    return text;
  }

 private:
  // REJECT lives in the table filter alone: what refuses datagrams before routing does so later.
  std::string table_for(const PacketChain& chain) const {
    if (chain.type == Type::nat) return "nat";
    if (chain.hook == Hook::prerouting) return leads_to_unreachable(chain) ? "filter" : "mangle";
    return chain.type == Type::route ? "mangle" : "filter";
  }

  // Nothing leads to it.
  static bool defragments(const PacketChain& chain) {
    return std::any_of(chain.rules.begin(), chain.rules.end(), [](const PacketRule& rule) {
      return std::holds_alternative<Defragment>(rule.deed);
    });
  }

  bool leads_to_unreachable(const PacketChain& chain) const {
    return std::any_of(chain.rules.begin(), chain.rules.end(), [this](const PacketRule& rule) {
      if (std::holds_alternative<RejectUnreachable>(rule.deed)) return true;
      const Jump* jump = std::get_if<Jump>(&rule.deed);
      return jump != nullptr && leads_to_unreachable(*chains_.at(jump->chain));
    });
  }

  // A chain, and those that it jumps to, in each table from which they are reached.
  void place(const PacketChain& chain, const std::string& table) {
    auto& names = places_[table];
    if (std::find(names.begin(), names.end(), chain.name) != names.end()) return;
    names.push_back(chain.name);
    for (const PacketRule& rule : chain.rules) {
      if (const Jump* jump = std::get_if<Jump>(&rule.deed)) place(*chains_.at(jump->chain), table);
    }
  }

  static std::string builtin(const PacketChain& chain, const std::string& table) {
    if (chain.hook == Hook::prerouting) return table == "filter" ? "FORWARD" : "PREROUTING";
    return chain.hook == Hook::input ? "INPUT" : "OUTPUT";
  }

  static std::string hooked(const char* how, const PacketChain& chain, const std::string& table) {
    if (chain.hook == Hook::none) return {};
    return std::string(how) + ' ' + builtin(chain, table) + " -j " + chain_name(chain.name) + '\n';
  }

  std::string chain_text(const PacketChain& chain, const std::string& table) const {
    std::string text;
    for (const PacketRule& rule : chain.rules) {
      if (std::holds_alternative<RejectWithReset>(rule.deed) && table != "filter") continue;
      text += rule_text(rule, "-A " + chain_name(chain.name));
    }
    return text;
  }

  std::string rule_text(const PacketRule& rule, const std::string& begin) const {
    std::string text;
    Ways lines = {begin};
    bool tcp_named = false;
    for (const Match& match : rule.matches) {
      if (const auto* arrives = std::get_if<ArrivesOn>(&match); arrives && arrives->elsewhere) {
        for (const std::string& interface : arrives->interfaces)
          text += begin + " -i " + interface + " -j RETURN\n";
      }
      lines = combined(lines,
                       without_protocol_twice(std::visit(WriteMatch{family_}, match), tcp_named));
    }
    Ways deeds = without_protocol_twice(std::visit(WriteDeed{family_}, rule.deed), tcp_named);
    for (const std::string& line : lines) {
      for (const std::string& deed : deeds) text += line + ' ' + deed + '\n';
    }
    return text;
  }

  // "-p tcp" may stand in a rule once.
  static Ways without_protocol_twice(Ways ways, bool& named) {
    bool names = false;
    for (std::string& way : ways) {
      if (!way.starts_with("-p ")) continue;
      names = true;
      if (named) way.erase(0, way.find(' ', 3) + 1);
    }
    named = named || names;
    return ways;
  }

  static Ways combined(const Ways& lines, const Ways& ways) {
    Ways all;
    for (const std::string& line : lines) {
      for (const std::string& way : ways) all.push_back(way.empty() ? line : line + ' ' + way);
    }
    return all;
  }

  Family family_;
  std::map<std::string, const PacketChain*> chains_;
  std::map<std::string, std::vector<std::string>> places_;
};

std::vector<ToolCommand> restored(const PacketTable& table, bool on) {
  std::vector<ToolCommand> commands;
  for (const Family family : kFamilies) {
    const Writer writer(table, family);
    commands.push_back(
        {{family == Family::v4 ? "iptables-restore" : "ip6tables-restore", "--noflush"},
         on ? writer.on() : writer.off()});
  }
  return commands;
}

// The packet rules of both families take the place of nft's.
std::vector<ToolCommand> with_iptables(const Plan& plan, bool on) {
  std::vector<ToolCommand> commands;
  for (const Step& step : plan.steps) {
    const Plan one{{step}, {}};
    const PacketTable* table = std::get_if<PacketTable>(&step);
    std::vector<ToolCommand> some = table != nullptr ? restored(*table, on)
                                    : on             ? commands_on(one)
                                                     : commands_off(one);
    commands.insert(on ? commands.end() : commands.begin(), some.begin(), some.end());
  }
  return commands;
}

}  // namespace

std::vector<ToolCommand> iptables_commands_on(const Plan& plan) {
  return with_iptables(plan, true);
}
std::vector<ToolCommand> iptables_commands_off(const Plan& plan) {
  return with_iptables(plan, false);
}

std::vector<std::string> iptables_notes(const Plan& plan) {
  bool diverts = false, refuses = false;
  for (const PacketTable& table : plan.all<PacketTable>()) {
    for (const PacketChain& chain : table.chains) {
      for (const PacketRule& rule : chain.rules) {
        diverts = diverts || std::holds_alternative<Divert>(rule.deed);
        refuses = refuses || std::holds_alternative<RejectUnreachable>(rule.deed);
      }
    }
  }
  std::vector<std::string> notes = plan.notes;
  if (diverts)
    notes.emplace_back(
        "iptables: while the proxy is down its TPROXY drops: connections time out, "
        "and when_down: pass cannot be had");
  if (refuses)
    notes.emplace_back(
        "iptables: HTTP/3 is refused where it is forwarded, so forwarding must be on");
  return notes;
}

}  // namespace hyalite

// Packet rules: what they do with connections of clients, and with origins' answers.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "doctor/case.h"

namespace hyalite {

namespace {

constexpr char kShow[] = "nft list ruleset";

class Packets {
 public:
  Packets(const Case& machine, Judgement& judgement)
      : machine_(machine), interception_(machine.settings.interception), judgement_(judgement) {}

  void check() {
    if (!look()) return;
    for (const bool v6 : machine_.families()) {
      for (const std::string& interface : interception_.client_interfaces) {
        for (const std::uint16_t port : interception_.ports) {
          check_arrival(machine_.beginning(v6, interface, port));
        }
      }
      if (!machine_.brings_answers()) continue;
      for (const std::string& interface : interception_.origin_interfaces) {
        for (const std::uint16_t port : interception_.ports) check_answer(v6, interface, port);
      }
    }
  }

 private:
  // The rows that are about this mode.
  std::vector<std::string_view> concerned() const {
    if (machine_.mode(InterceptionMode::tproxy))
      return {"interface_not_matched",
              "tproxy_in_nat_chain",
              "mark_not_set",
              "dnat_before_tproxy",
              "divert_missing",
              "open_connections_cut",
              "fails_open",
              "input_drops_intercepted",
              "own_services_intercepted",
              "path_mtu",
              "return_rule_missing",
              "flow_offload"};
    if (machine_.mode(InterceptionMode::redirect))
      return {"interface_not_matched",    "not_tracked",
              "input_drops_proxy_port",   "open_connections_cut",
              "own_services_intercepted", "address_missing"};
    if (machine_.mode(InterceptionMode::hybrid))
      return {"input_drops_intercepted", "path_mtu", "return_rule_missing"};
    return {"input_drops_intercepted"};
  }

  bool look() {
    if (!machine_.from_clients()) return false;
    for (const std::string_view id : concerned()) {
      if (machine_.facts.ruleset) {
        judgement_.look(id);
      } else if (id != "address_missing") {
        judgement_.cannot_see(id, machine_.facts.ruleset.why_not);
      }
    }
    return static_cast<bool>(machine_.facts.ruleset);
  }

  void check_arrival(const Packet& begins) {
    if (machine_.mode(InterceptionMode::tproxy)) check_diverted(begins);
    if (machine_.mode(InterceptionMode::redirect)) check_redirected(begins);
    if (machine_.keeps_ports()) check_let_in(begins, "input_drops_intercepted");
  }

  void check_diverted(const Packet& begins) {
    const Traced there = machine_.traced_with_listener("prerouting", begins);
    if (!there.diverted) {
      find_not_taken(begins, there);
      return;
    }
    if (!has_mark(there)) {
      find("mark_not_set", begins, "the tproxy rule does not set mark " + mark());
    }
    if (there.dnat && there.dnat_at > there.diverted_at) {
      find("dnat_before_tproxy", begins,
           "a dnat rule rewrites them after tproxy took them (priorities " +
               std::to_string(there.dnat_at) + " and " + std::to_string(there.diverted_at) + ")",
           "exempt them from the dnat rule: iifname \"" + begins.iif + "\" tcp dport " +
               std::to_string(begins.dport) + " accept, before it");
    }
    check_nobody_listens(begins);
    check_rest(begins);
    check_old(begins);
    check_own(begins);
    Packet inside = begins;
    inside.mark = interception_.mark;
    inside.socket = Packet::Socket::listening;
    check_let_in(inside, "input_drops_intercepted");
  }

  void find_not_taken(const Packet& begins, const Traced& there) {
    if (there.tproxy_in_nat) {
      find("tproxy_in_nat_chain", begins, "their tproxy rule stands in a chain of type nat");
    } else if (there.untracked && machine_.mode(InterceptionMode::redirect)) {
      find("not_tracked", begins, "a notrack rule takes them out of connection tracking",
           "delete the notrack rule, or interception.mode: tproxy");
    } else if (!there.doubts.empty()) {
      judgement_.cannot_see("interface_not_matched", there.doubts.front());
    } else if (!there.passes()) {
      find("interface_not_matched", begins, there.decided_by + " drops them");
    } else {
      find("interface_not_matched", begins, "no packet rule takes them");
    }
  }

  // "Refused while down" is what the settings say, unless they say pass.
  void check_nobody_listens(const Packet& begins) {
    if (interception_.when_down == Treatment::pass) return;
    const Traced alone = trace(*machine_.facts.ruleset, "prerouting", begins,
                               [](std::uint16_t, const std::string&, bool) { return false; });
    if (alone.passes() && alone.doubts.empty())
      find("fails_open", begins, "while nothing listens they pass, uninspected");
  }

  void check_rest(const Packet& begins) {
    Packet rest = begins;
    rest.begins = false;
    rest.ct_state = "established";
    rest.socket = Packet::Socket::transparent;
    const Traced there = machine_.traced_with_listener("prerouting", rest);
    if (!has_mark(there) && there.doubts.empty())
      find("divert_missing", begins, "what follows their first packet is not marked");
  }

  // A connection from before the rules: no SYN, no socket here, and new to connection tracking.
  void check_old(const Packet& begins) {
    Packet old = begins;
    old.begins = false;
    const Traced there = machine_.traced_with_listener("prerouting", old);
    if (there.diverted || there.redirected != 0 || !there.passes())
      find("open_connections_cut", begins, "those that were open before the rules are taken, too");
  }

  void check_own(const Packet& begins) {
    Packet own = begins;
    own.to_this_machine = true;
    const Traced there = machine_.traced_with_listener("prerouting", own);
    if (there.diverted || there.redirected != 0)
      find("own_services_intercepted", begins,
           "those to this machine's own addresses are taken, too");
  }

  void check_redirected(const Packet& begins) {
    const Traced there = machine_.traced_with_listener("prerouting", begins);
    judgement_.look("address_missing");
    if (machine_.facts.addresses && !machine_.facts.has_address(begins.iif, begins.v6)) {
      judgement_.find("address_missing",
                      begins.iif + " has no " + std::string(family_name(begins.v6)) + " address",
                      "ip address add ADDRESS/BITS dev " + begins.iif +
                          "; or interception.mode: tproxy, which needs none",
                      "ip address show " + begins.iif);
    }
    if (there.redirected == 0) {
      find_not_taken(begins, there);
      return;
    }
    if (there.redirected != machine_.arrival_port(begins.dport)) {
      find("interface_not_matched", begins,
           "they are redirected to port " + std::to_string(there.redirected) +
               ", which is not the listener's");
      return;
    }
    check_old(begins);
    check_own(begins);
    Packet inside = begins;
    inside.dport = there.redirected;
    inside.ct_dnat = true;
    inside.to_this_machine = true;
    inside.socket = Packet::Socket::listening;
    check_let_in(inside, "input_drops_proxy_port");
  }

  void check_let_in(const Packet& packet, std::string_view id) {
    const Traced there = machine_.traced("input", packet);
    if (there.passes()) return;
    if (!there.doubts.empty()) {
      judgement_.cannot_see(id, there.doubts.front());
      return;
    }
    const bool redirected = packet.ct_dnat;
    const std::string accept =
        redirected         ? "tcp dport " + std::to_string(packet.dport) + " ct status dnat accept"
        : machine_.marks() ? "meta mark & " + mark() + " == " + mark() + " accept"
                           : "iifname \"" + packet.iif + "\" tcp dport " +
                                 std::to_string(packet.dport) + " accept";
    judgement_.find(id,
                    there.decided_by + " drops " + std::string(family_name(packet.v6)) +
                        " packets from " + packet.iif + " to port " + std::to_string(packet.dport),
                    "in that chain, before it drops: " + accept, kShow);
  }

  void check_answer(bool v6, const std::string& interface, std::uint16_t port) {
    if (machine_.mode(InterceptionMode::routing)) return;
    Packet answer = machine_.beginning(v6, interface, port);
    std::swap(answer.sport, answer.dport);
    std::swap(answer.from, answer.to);
    answer.begins = false;
    answer.ct_state = "established";
    answer.socket = Packet::Socket::transparent;
    const Traced there = machine_.traced_with_listener("prerouting", answer);
    if (!has_mark(there)) {
      if (there.doubts.empty())
        find_answer("return_rule_missing", v6, interface, "are not marked by any packet rule");
      return;
    }
    Packet icmp = answer;
    icmp.protocol = v6 ? "ipv6-icmp" : "icmp";
    icmp.ct_state = "related";
    const Traced complaint = machine_.traced_with_listener("prerouting", icmp);
    if (!has_mark(complaint) && complaint.doubts.empty())
      find_answer("path_mtu", v6, interface, "are marked, but ICMP errors about them are not");
    Packet inside = there.packet;
    const Traced in = machine_.traced("input", inside);
    if (!in.passes() && in.doubts.empty())
      find_answer("input_drops_intercepted", v6, interface, "are dropped by " + in.decided_by);
  }

  void find_answer(std::string_view id, bool v6, const std::string& interface,
                   const std::string& what) {
    const bool dropped = id == "input_drops_intercepted";
    judgement_.find(
        id, std::string(family_name(v6)) + " answers that come from " + interface + " " + what,
        dropped ? "in that chain: ct state established,related accept" : machine_.switch_on, kShow);
  }

  void find(std::string_view id, const Packet& packet, const std::string& what,
            std::string remedy = {}) {
    judgement_.find(id,
                    std::string(family_name(packet.v6)) + " connections from " + packet.iif +
                        " to port " + std::to_string(packet.dport) + ": " + what,
                    remedy.empty() ? machine_.switch_on : std::move(remedy), kShow);
  }

  bool has_mark(const Traced& there) const {
    return (there.packet.mark & interception_.mark) == interception_.mark;
  }

  std::string mark() const {
    char text[32];
    std::snprintf(text, sizeof text, "0x%x", interception_.mark);
    return text;
  }

  const Case& machine_;
  const InterceptionSettings& interception_;
  Judgement& judgement_;
};

}  // namespace

void check_packets(const Case& machine, Judgement& judgement) {
  Packets(machine, judgement).check();
}

}  // namespace hyalite

// What listens.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "doctor/case.h"

namespace hyalite {

namespace {

constexpr char kStart[] = "systemctl start hyalite   (or: hyalite run --config FILE)";

bool is_loopback(const IpAddress& ip) {
  return ip.is_v4() ? static_cast<unsigned char>(ip.bytes()[0]) == 127 : ip.text() == "::1";
}

std::string port_text(std::uint16_t port) { return "port " + std::to_string(port); }

std::string show(std::uint16_t port) {
  return "ss -lntpe --inet-sockopt 'sport = " + std::to_string(port) + "'";
}

std::string address_text(const ListenerFact& it) {
  return Address{it.ip, it.port}.text() + (it.program.empty() ? "" : " of " + it.program);
}

void check_transparent(const Case& machine, const std::vector<ListenerFact>& listeners,
                       Judgement& judgement) {
  if (machine.mode(InterceptionMode::redirect) || machine.mode(InterceptionMode::anyip)) return;
  const std::string_view id =
      machine.marks() ? "listener_not_transparent" : "listener_cannot_answer";
  judgement.look(id);
  for (const ListenerFact& it : listeners) {
    if (it.transparent) continue;
    judgement.find(id, "the socket on " + address_text(it) + " is not transparent",
                   "\"transparent: yes\" for the listener in the settings, CAP_NET_RAW for the "
                   "service, then restart it",
                   show(it.port));
  }
}

void check_port(const Case& machine, std::uint16_t port, bool v6, Judgement& judgement) {
  const std::vector<ListenerFact> all = machine.listeners(port, v6);
  const bool other_family = !machine.listeners(port, !v6).empty();
  if (all.empty() && other_family) {
    judgement.find(
        "listener_family",
        "nothing listens on " + port_text(port) + " for " + std::string(family_name(v6)),
        "listen on [::] for both families: address: \"[::]:" + std::to_string(port) + "\"",
        show(port));
    return;
  }
  if (!all.empty() && std::all_of(all.begin(), all.end(),
                                  [](const ListenerFact& it) { return is_loopback(it.ip); })) {
    judgement.find("listener_on_loopback", "the listener is on " + address_text(all.front()),
                   "listen on all addresses: address: \"[::]:" + std::to_string(port) + "\"",
                   show(port));
    return;
  }
  check_transparent(machine, all, judgement);
}

// The first port of which nobody listens; 0: on none of them does anybody.
void check_presence(const Case& machine, const std::vector<std::uint16_t>& ports,
                    Judgement& judgement) {
  std::vector<std::uint16_t> silent;
  for (const std::uint16_t port : ports) {
    if (machine.listeners(port, false).empty() && machine.listeners(port, true).empty())
      silent.push_back(port);
  }
  if (silent.size() == ports.size()) {
    judgement.find("nothing_listens", "nothing listens on " + port_text(ports.front()), kStart,
                   show(ports.front()));
    return;
  }
  for (const std::uint16_t port : silent) {
    judgement.find("port_without_listener", "nothing listens on the intercepted " + port_text(port),
                   "a listener on it: address: \"[::]:" + std::to_string(port) +
                       "\"; or take the port out of interception.ports",
                   show(port));
  }
}

}  // namespace

void check_listeners(const Case& machine, Judgement& judgement) {
  const std::vector<std::uint16_t> ports = machine.arrival_ports();
  if (!machine.from_clients() && !machine.mode(InterceptionMode::anyip)) return;
  if (ports.empty()) return;
  if (!machine.facts.listeners) {
    judgement.cannot_see("nothing_listens", machine.facts.listeners.why_not);
    return;
  }
  for (const std::string_view id : {"nothing_listens", "listener_family", "listener_on_loopback"})
    judgement.look(id);
  if (machine.keeps_ports()) judgement.look("port_without_listener");
  check_presence(machine, ports, judgement);
  for (const bool v6 : machine.families()) {
    for (const std::uint16_t port : ports) check_port(machine, port, v6, judgement);
  }
}

}  // namespace hyalite

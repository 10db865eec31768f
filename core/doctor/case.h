// One machine and what its settings want of it: what all checks ask.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/facts.h"
#include "doctor/finding.h"
#include "doctor/trace.h"
#include "settings/settings.h"

namespace hyalite {

std::string_view family_name(bool v6);  // "IPv4", "IPv6"
// A setting of an interface, as the sysctl command takes it: the names of interfaces may have dots.
std::string sysctl_of(std::string_view interface, std::string_view name);

class Case {
 public:
  // All are lent; `remedy`: the command that puts all rules in, "hyalite intercept on".
  Case(const Facts& seen, const Settings& wanted, std::string remedy)
      : facts(seen), settings(wanted), switch_on(std::move(remedy)) {}

  const Facts& facts;
  const Settings& settings;
  const std::string switch_on;

  bool mode(InterceptionMode mode) const { return settings.interception.mode == mode; }
  bool from_clients() const;
  // Connections keep their destination port: a listener is on each.
  bool keeps_ports() const;
  // Marked packets are brought to the proxy.
  bool marks() const;
  // Answers come back to clients' addresses.
  bool brings_answers() const;
  // Listeners and upstream connections have addresses that are not ours.
  bool needs_transparent() const;
  bool refuses_quic() const;
  // The families that clients have.
  std::vector<bool> families() const;
  // Where a connection to this port of an origin arrives.
  std::uint16_t arrival_port(std::uint16_t port) const;
  std::vector<std::uint16_t> arrival_ports() const;
  std::string table() const;

  // The listening sockets on a port that serve a family.
  std::vector<ListenerFact> listeners(std::uint16_t port, bool v6) const;
  // What `tproxy to ADDRESS:PORT` finds.
  bool catches(std::uint16_t port, const std::string& address, bool v6) const;
  // A packet of a client's that begins a connection.
  Packet beginning(bool v6, const std::string& interface, std::uint16_t port) const;
  Traced traced(std::string_view hook, const Packet& packet) const;
  // The same as if the proxy listened as it should: so that one fault is not two.
  Traced traced_with_listener(std::string_view hook, const Packet& packet) const;
};

// Each looks at its rows. The order is that of the rows.
void check_machine(const Case& machine, Judgement& judgement);
void check_listeners(const Case& machine, Judgement& judgement);
void check_routing(const Case& machine, Judgement& judgement);
void check_packets(const Case& machine, Judgement& judgement);
void check_passing(const Case& machine, Judgement& judgement);
void check_local(const Case& machine, Judgement& judgement);
void check_counters(const Case& machine, Judgement& judgement);

Judgement judge(const Case& machine);

// Interception is off: the row that stands before all others.
inline constexpr std::string_view kOff = "interception_off";
// When it is the first of them: takes those away that are mended with it. How many.
std::size_t leave_out_what_follows(std::vector<Diagnosis>& findings);

}  // namespace hyalite

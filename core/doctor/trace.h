// What the machine's packet rules would do with a packet.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "doctor/ruleset.h"

namespace hyalite {

// A packet as the rules can ask about it.
struct Packet {
  enum class Socket { none, listening, transparent };  // whose it is already

  bool v6 = false;
  std::string protocol = "tcp";  // "tcp", "udp", "icmp", "ipv6-icmp"
  std::string iif, oif;
  IpAddress from, to;
  std::uint16_t sport = 0, dport = 0;
  bool begins = false;  // SYN alone
  std::string ct_state = "new";
  bool ct_dnat = false;
  std::uint64_t mark = 0, ct_mark = 0;
  bool to_this_machine = false;  // the destination is an address of ours
  Socket socket = Socket::none;
  std::uint32_t user = 0;  // who sent it, where it is our own
};

// What became of it at one hook.
struct Traced {
  enum class End { passed, dropped, rejected };

  End end = End::passed;
  Packet packet;                 // as it went on
  std::string decided_by;        // the chain that dropped or rejected it; empty: none
  bool diverted = false;         // tproxy gave it to the listener
  std::uint16_t redirected = 0;  // redirect: the port; 0: it was not
  bool dnat = false;
  bool untracked = false;
  bool offloaded = false;  // flow add
  int diverted_at = 0;     // the priority at which
  int dnat_at = 0;
  bool tproxy_in_nat = false;       // a tproxy rule matched where it does nothing
  std::vector<std::string> doubts;  // what was met on the way and not understood

  bool passes() const { return end == End::passed; }
};

// Would `tproxy` find a socket there?
using Catches = std::function<bool(std::uint16_t port, const std::string& address, bool v6)>;

// Takes the packet through all chains at a hook: "prerouting", "input", "forward", "output",
// "postrouting". What is not understood is taken not to match, and is a doubt.
Traced trace(const Ruleset& ruleset, std::string_view hook, const Packet& packet,
             const Catches& catches);

}  // namespace hyalite

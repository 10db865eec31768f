// What doctor knows of a machine. Plain values: a test writes down any situation.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "doctor/ruleset.h"

namespace hyalite {

// Something that could be looked at, or why not.
template <class T>
struct Seen {
  std::optional<T> value;
  std::string why_not;

  explicit operator bool() const { return value.has_value(); }
  const T& operator*() const { return *value; }
  const T* operator->() const { return &*value; }
};

struct LinkFact {
  std::string name;
  std::string kind;    // "bridge", "veth", ...; empty: none that the kernel names
  std::string master;  // of whom it is a part; empty: of nobody
  bool up = true;
};

struct AddressFact {
  std::string link;
  IpAddress ip;
  unsigned prefix_bits = 0;
  bool global = true;  // not of this link or host alone
};

// A line of `ip rule`.
struct RuleFact {
  bool v6 = false;
  std::uint32_t preference = 0;
  bool inverted = false;  // "not"
  std::string iif;
  std::string from, to;  // "" is all, else an address or "address/bits"
  std::optional<std::uint32_t> mark;
  std::uint32_t mask = 0xffffffff;
  std::string protocol;  // of IP: "tcp", "udp", ...
  std::uint16_t sport = 0, dport = 0, dport_end = 0;
  std::string table;        // as ip says it: "100", "main"; empty: it looks nothing up
  bool suppresses = false;  // suppress_prefixlength and its like
};

// A line of `ip route show table all`.
struct RouteFact {
  bool v6 = false;
  std::string type = "unicast";
  std::string destination;  // "default", an address, or "address/bits"
  std::string table = "main";
  std::string device, gateway, source;
  bool onlink = false;
};

// A question to `ip route get`, and what it answered.
struct ProbeFact {
  enum class What {
    arriving,       // a client's connection to an intercepted port
    arriving_icmp,  // another packet of a client's, which must not be taken
    arriving_quic,
    answering,       // an origin's answer to a client's address
    answering_icmp,  // an ICMP error about it
    back_to_client,  // what this machine sends to the client
    to_origin,       // what this machine sends to the origin
    own_upstream,    // the same, as the proxy's own connection
  };
  What what = What::arriving;
  bool v6 = false;
  std::string interface;  // where it arrives; empty: from this machine
  std::uint16_t port = 0;
  std::string from, to;
  std::string command;  // as it can be typed
  // The answer.
  std::string type;  // "local", "unicast", ...; empty: an error
  std::string device, table;
  std::string error;

  bool is_local() const { return type == "local"; }
};

struct ListenerFact {
  IpAddress ip;  // unspecified: all of its family
  std::uint16_t port = 0;
  bool v6 = false;       // a socket of IPv6
  bool only_v6 = false;  // serves no IPv4
  bool transparent = false;
  std::string program;  // "hyalite"; empty: not known
};

// What nft said to a try of the rules, changing nothing.
struct RulesTry {
  bool accepted = true;
  std::string complaint;
};

// A running process of the service.
struct ProcessFact {
  int id = 0;
  bool is_worker = false;
  bool may_net_raw = false;
  bool owns_network = true;  // is in the user namespace that owns its network namespace, or above
};

using Counters = std::map<std::string, std::uint64_t, std::less<>>;

struct Facts {
  Seen<std::vector<LinkFact>> links;
  Seen<std::vector<AddressFact>> addresses;
  Seen<std::vector<RuleFact>> rules;
  Seen<std::vector<RouteFact>> routes;
  Seen<std::vector<ListenerFact>> listeners;
  Seen<Ruleset> ruleset;
  Seen<RulesTry> rules_try;
  Seen<std::vector<std::string>> differences;  // between the settings and what `on` made
  Seen<bool> off;  // nothing of what `on` makes is there, and nobody remembers that it was made
  Seen<std::vector<ProcessFact>> processes;
  Seen<Counters> service;  // of its metrics: those that doctor looks at
  std::vector<ProbeFact> probes;
  std::map<std::string, std::string, std::less<>> sysctls;  // "net.ipv4.ip_forward"; absent: none
  Counters before, after;      // kernel counters around a try; empty: none was made
  bool owns_network = true;    // doctor itself is in the user namespace that owns this network
  bool legacy_tables = false;  // iptables-legacy has tables in this network
  std::uint32_t service_user = 0;

  // A sysctl's number; nothing when there is none.
  std::optional<long> sysctl(std::string_view name) const;
  const LinkFact* link(std::string_view name) const;
  bool is_own(const IpAddress& ip) const;
  // Has the interface an address of the family that others can reach?
  bool has_address(std::string_view link, bool v6) const;
};

}  // namespace hyalite

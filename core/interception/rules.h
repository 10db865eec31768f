// What interception is made of: routing rules, routes, kernel settings, packet rules.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"

namespace hyalite {

// Rules and routes that are ours carry this protocol number (rtnetlink(7): 5 to 255 are for
// everybody to use), packet rules stand in the table of this name: whatever else the machine has is
// never taken for ours, and ours is found without knowing the settings it was made from.
inline constexpr std::uint32_t kOurProtocol = 72;
inline constexpr std::string_view kPacketTable = "hyalite";

inline constexpr std::uint32_t kMainTable = 254, kLocalTable = 255;

enum class Family { v4, v6 };
inline constexpr Family kFamilies[] = {Family::v4, Family::v6};

// One rule of `ip rule`. What is not set is not asked.
struct RoutingRule {
  enum class Action { lookup, prohibit, go_to, nop };
  struct Mark {
    std::uint32_t value = 0, mask = 0;
    auto operator<=>(const Mark&) const = default;
  };

  Family family = Family::v4;
  std::uint32_t preference = 0;
  std::string iif;  // "lo": what this machine itself sends
  std::optional<Network> from, to;
  std::optional<Mark> mark;
  std::string ip_protocol;  // "tcp", "udp"
  std::uint16_t sport = 0, dport = 0;
  std::optional<std::uint32_t> user;
  Action action = Action::lookup;
  std::uint32_t target = 0;  // the table, or for go_to the preference
  auto operator<=>(const RoutingRule&) const = default;
};

// One route of ours. They lead nowhere but here, or out of their table.
struct RouteEntry {
  enum class Kind { local, throws };  // deliver here; leave this table and look on

  Family family = Family::v4;
  Kind kind = Kind::local;
  std::optional<Network> destination;  // nothing: default
  std::uint32_t table = 0;
  std::optional<IpAddress> source;  // what connections that take this route come from
  auto operator<=>(const RouteEntry&) const = default;
};

// A file below /proc/sys and what it is to say.
struct Sysctl {
  std::string name;       // "net/ipv4/ip_forward"
  std::string value;      // of several numbers: with one space between each
  bool optional = false;  // its absence (a kernel module that is not loaded) is no mistake
  auto operator<=>(const Sysctl&) const = default;
};

// For anyip: the rule "0: from all lookup local" that every machine has is taken away; another rule
// of ours has taken its place before.
struct FirstRuleMoves {
  Family family = Family::v4;
  auto operator<=>(const FirstRuleMoves&) const = default;
};

// What a packet rule asks; all of its matches must hold.
struct ArrivesOn {
  std::vector<std::string> interfaces;
  bool elsewhere = false;  // on any but these
};
struct ForThisMachine {};  // the destination is an address of ours
struct ToPorts {           // of "tcp" or "udp"
  std::string_view protocol;
  std::vector<std::uint16_t> ports;
};
struct FromPorts {
  std::string_view protocol;
  std::vector<std::uint16_t> ports;
};
struct Begins {};                  // SYN alone: a TCP connection begins
struct MeetsListener {};           // only a listening socket on the wildcard address would take it
struct MeetsTransparentSocket {};  // a socket for other machines' addresses takes it
struct MeetsProxysListener {};     // a listening socket for other machines' addresses would take it
struct HasMark {
  std::uint32_t bits = 0;
  bool tracked = false;  // of the connection's entry in conntrack, not of the packet
  bool absent = false;   // none of the bits is set
};
struct FromNetworks {
  std::vector<Network> networks;  // of one family
};
struct ToNetworks {
  std::vector<Network> networks;  // of one family
};
struct OfUsers {
  std::vector<std::uint32_t> ids;
};
struct OfCgroup {
  std::string path;
};
using Match = std::variant<ArrivesOn, ForThisMachine, ToPorts, FromPorts, Begins, MeetsListener,
                           MeetsTransparentSocket, MeetsProxysListener, HasMark, FromNetworks,
                           ToNetworks, OfUsers, OfCgroup>;

// What it does then.
struct Accept {};  // this table has nothing more to say about it
struct Jump {
  std::string chain;
};
struct Divert {  // TPROXY: to the listening socket on that port, and marked
  std::uint16_t port = 0;
  std::uint32_t mark = 0;
};
struct SetMark {  // bits are added to what the mark is
  std::uint32_t bits = 0;
  bool tracked = false;
  bool accept = false;
};
struct Redirect {
  std::uint16_t port = 0;  // 0: the port stays
};
struct RejectWithReset {};
struct RejectUnreachable {};
// Never done, for it stands where no packet comes: that a rule can divert makes the kernel put
// fragments together, of both families and every protocol, before any packet rule and before
// routing.
struct Defragment {};
using Deed = std::variant<Accept, Jump, Divert, SetMark, Redirect, RejectWithReset,
                          RejectUnreachable, Defragment>;

struct PacketRule {
  std::string why;  // one sentence; empty: goes with the rule before
  std::vector<Match> matches;
  Deed deed;
  bool counted = false;
};

struct PacketChain {
  enum class Hook { none, prerouting, input, forward, output };
  enum class Type { filter, nat, route };

  std::string name;
  Hook hook = Hook::none;
  Type type = Type::filter;
  std::string priority;  // "mangle", "dstnat", "filter" or a number
  std::vector<PacketRule> rules;
};

// Table inet kPacketTable, for both families.
struct PacketTable {
  std::vector<PacketChain> chains;
};

}  // namespace hyalite

// The rules and routes that the machine has, as `ip` tells them.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interception/rules.h"

namespace hyalite {

struct FoundRule {
  RoutingRule rule;
  std::uint32_t protocol = 0;
  // It asks or does something that RoutingRule has no word for (not, oif, tos, port ranges ...).
  bool more = false;
  std::string text;  // as JSON, for people

  bool ours() const { return protocol == kOurProtocol; }
};

struct FoundRoute {
  RouteEntry route;
  std::uint32_t protocol = 0;
  bool more = false;  // neither local nor throw, or not by lo
  std::string text;

  bool ours() const { return protocol == kOurProtocol; }
};

// From what `ip -N -j rule show` and `ip -N -j route show ...` print; empty text is an empty list.
// `table` and `protocol`: what was asked for, for ip then leaves it out; 0: it was not.
Result<std::vector<FoundRule>> parse_rules(std::string_view json, Family family);
Result<std::vector<FoundRoute>> parse_routes(std::string_view json, Family family,
                                             std::uint32_t table, std::uint32_t protocol);

// Asks `ip`; needs no privilege. Rules in their order.
Result<std::vector<FoundRule>> find_rules(Family family);
// All of ours, in every table.
Result<std::vector<FoundRoute>> find_our_routes(Family family);
// Everything in one table.
Result<std::vector<FoundRoute>> find_routes(Family family, std::uint32_t table);

}  // namespace hyalite

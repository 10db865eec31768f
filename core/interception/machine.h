// What there is of interception on this machine, and what stands in its way.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "interception/found.h"
#include "interception/plan.h"

namespace hyalite {

// What a plan must know. Needs no privilege.
MachineFacts look_at_machine(const Settings& settings);

// What stands in the way of a plan: no privilege, a program or an interface that is missing, rules,
// routes or marks of others that ours would meet. The operator's fault, in one line; its code is
// EOPNOTSUPP when the kernel lacks what the packet rules need.
Result<void> find_obstacles(const Settings& settings, const Plan& plan);

// All that is ours in this network namespace.
struct Presence {
  std::vector<FoundRule> rules;
  std::vector<FoundRoute> routes;
  std::vector<Family> first_rule;      // families whose rule "0: lookup local" is there
  std::optional<std::string> packets;  // the table of packet rules, as packet_listing() has it

  bool nothing() const { return rules.empty() && routes.empty() && !packets; }
};

// Asking for packet rules needs CAP_NET_ADMIN.
Result<Presence> find_ours();

// The packet rules as the kernel has them: JSON without handles and counts, the same for the same
// rules. Nothing when there is no such table.
Result<std::optional<std::string>> packet_listing();

// What the counters of the packet rules say: "beginning: 12 packets".
struct PacketCount {
  std::string chain;
  std::string deed;  // "tproxy", "redirect", "reject" or "mark"
  std::uint64_t packets = 0;
};
Result<std::vector<PacketCount>> packet_counts();

// A kernel setting, with one space between its numbers, as plans have it; nothing when there is no
// such file.
std::optional<std::string> read_sysctl(const std::string& name);
Result<void> write_sysctl(const std::string& name, const std::string& value);

}  // namespace hyalite

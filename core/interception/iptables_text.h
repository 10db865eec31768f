// Packet rules as iptables-restore reads them, for machines whose rules are kept so.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interception/plan.h"

namespace hyalite {

// All our chains begin so.
inline constexpr std::string_view kIptablesPrefix = "HYALITE_";

// commands_on() and commands_off() with iptables and ip6tables in place of nft. Not all of it can
// be said so: iptables rejects nothing before routing, so that without a proxy connections time out
// instead of being refused (and when_down: pass cannot be had), and HTTP/3 is only refused where it
// is forwarded. `notes` says so where it applies.
std::vector<ToolCommand> iptables_commands_on(const Plan& plan);
std::vector<ToolCommand> iptables_commands_off(const Plan& plan);
std::vector<std::string> iptables_notes(const Plan& plan);

}  // namespace hyalite

// A plan for people, as a shell would take it, and for programs.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "interception/plan.h"

namespace hyalite {

// One command a line, what nft reads as a here-document; notes as comments before.
std::string shell_text(const std::vector<ToolCommand>& commands,
                       const std::vector<std::string>& notes = {});

// {"notes": [text...], "on": [{"command": [word...], "input": text}...], "off": [likewise]}
std::string plan_json(const Plan& plan, bool with_iptables = false);

}  // namespace hyalite

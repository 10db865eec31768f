// What is wrong between settings that are each fine.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// Where each setting stands, by its path: "listeners[0].address".
using Positions = std::map<std::string, Position>;

// `positions` may lack any setting: then the nearest one around it is named, or the file as a whole.
Mistakes check_settings(const Settings& settings, const Positions& positions, std::string_view file);

}  // namespace hyalite

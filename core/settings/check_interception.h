// What is wrong between the settings by which traffic is brought here.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "settings/settings.h"

namespace hyalite {

// Is told the path of a setting, what is wrong, and what was expected.
using TellMistake = std::function<void(std::string path, std::string what, std::string expected)>;

void check_interception(const Settings& settings, const TellMistake& tell);

}  // namespace hyalite

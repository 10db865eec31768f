// What is wrong between settings that are each fine.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// `positions` may lack any setting: then the nearest one around it is named, or the file as a
// whole.
Mistakes check_settings(const Settings& settings, const Positions& positions,
                        std::string_view file);

}  // namespace hyalite

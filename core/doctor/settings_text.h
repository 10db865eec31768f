// Settings as a file.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "settings/settings.h"

namespace hyalite {

// JSON, which is YAML too; read again it gives the same settings, but for plugins, of which it has
// none.
std::string settings_text(const Settings& settings);

}  // namespace hyalite

// The plugins of the settings, for people and programs.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "plugin/chain.h"
#include "settings/settings.h"

namespace hyalite {

// A JSON array with an object per plugin of the settings that `chain` was loaded from, in their order: those that are left
// out, too, for what passes without them must not pass unnoticed.
std::string listed_plugins(std::span<const PluginSettings> plugins, const Chain& chain);

}  // namespace hyalite

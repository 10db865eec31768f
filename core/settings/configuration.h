// A plugin's settings: YAML to canonical JSON, with the place of every value.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "settings/mistake.h"
#include "settings/settings.h"
#include "settings/yaml.h"

namespace hyalite {

// Longer texts are refused: they belong in files of their own. (The library that checks a pattern of a schema needs a
// piece of stack for every byte.)
inline constexpr std::size_t kMaxPluginTextBytes = std::size_t{8} << 10;

// Values are what YAML 1.2 (core schema, section 10.3.2) says; what JSON cannot hold, or what readers of YAML disagree
// about (0123), is a mistake. An empty node is an empty mapping. `path` is where the node stands: "plugins[0].settings".
PluginConfiguration read_configuration(const YamlNode& node, std::string_view path, std::string_view file,
                                       Mistakes& mistakes);

}  // namespace hyalite

// A plugin's settings: YAML to canonical JSON, with the place of every value.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "settings/mistake.h"
#include "settings/settings.h"
#include "settings/yaml.h"

namespace hyalite {

// Longer texts and names are refused: they belong in files of their own.
inline constexpr std::size_t kMaxPluginTextBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxPluginNameBytes = 256;

// Values are what YAML 1.2 (core schema, section 10.3.2) says; what JSON cannot hold, or what
// readers of YAML disagree about (0123), is a mistake. An empty node is an empty mapping. `path` is
// where the node stands: "plugins[0].settings".
PluginConfiguration read_configuration(const YamlNode& node, std::string_view path,
                                       std::string_view file, Mistakes& mistakes);

}  // namespace hyalite

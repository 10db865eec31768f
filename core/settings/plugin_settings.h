// A plugin's settings against the schema it carries.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// The library's regular expressions need a piece of stack for every byte: where a schema has a
// pattern (or a format), longer texts are refused unread.
inline constexpr std::size_t kMaxPatternTextBytes = std::size_t{1} << 10;

// Everything in the plugin's settings that its JSON Schema (draft 7) does not allow, by position.
// `chain_index` is the plugin's place in Settings::plugins, `file` what mistakes call the settings
// file. A schema that cannot be understood is one mistake at the plugin: the plugin's author must
// mend it, and nothing was checked. An empty schema text allows everything.
Mistakes check_plugin_settings(const PluginSettings& plugin, std::size_t chain_index,
                               std::string_view schema, std::string_view file);

// A mistake that the plugin itself found, with the place it names: a JSON Pointer into its
// settings, of which the part that exists is used. `what` is its sentence.
Mistake plugin_mistake(const PluginSettings& plugin, std::size_t chain_index,
                       std::string_view pointer, std::string_view what, std::string_view file);

}  // namespace hyalite

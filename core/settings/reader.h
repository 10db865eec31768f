// Text to Settings. Only reader.cc, yaml.cc and configuration.cc know that the text is YAML.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// Larger files are refused unread; long lists belong in files of their own, named by a plugin's
// settings.
inline constexpr std::size_t kMaxSettingsFileBytes = std::size_t{1} << 20;

// Nobody mends more than these at once.
inline constexpr std::size_t kMaxMistakes = 100;

// What was read, and everything that is wrong with it. With mistakes, the settings are the defaults
// wherever the file could not be understood: good for looking for further mistakes (in plugins'
// settings), never for running.
struct [[nodiscard]] SettingsRead {
  Settings settings;
  Positions positions;  // for mistakes that are only found later, e.g. a plugin that is not there
  Mistakes mistakes;    // by position, at most kMaxMistakes and a last one that says how many more
  explicit operator bool() const { return mistakes.empty(); }
};

// Reads `yaml` and checks it, also for mistakes between settings (check.h). `file` is what mistakes
// call it; relative paths of plugins count from its directory. Throws nothing, whatever the text.
SettingsRead read_settings(std::string_view yaml, std::string_view file);

// The same from a file; that it cannot be read is a mistake too, and that everybody may write to
// it: who does decides what root does with it.
SettingsRead read_settings_file(const std::string& path);

}  // namespace hyalite

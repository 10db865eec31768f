// A plugin's settings, open while it is created.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <deque>
#include <string>
#include <string_view>

#include "settings/json.h"
#include "settings/mistake.h"
#include "settings/settings.h"

// The ABI's handle of one value: what it is, and where it stands.
struct hyalite_value {
  hyalite::JsonView view;
  std::string pointer;  // RFC 6901, from the plugin's settings
};

namespace hyalite {

class SettingsSession {
 public:
  // The references are lent for its life.
  SettingsSession(JsonDocument document, const PluginSettings& settings, std::size_t chain_index,
                  std::string_view file, Mistakes& mistakes);

  const hyalite_value* root() { return keep(document_.root(), ""); }
  // Null when it is absent. Good as long as the session.
  const hyalite_value* keep(JsonView view, std::string pointer);
  void mistake(const hyalite_value* at, std::string_view text);

 private:
  JsonDocument document_;
  const PluginSettings& settings_;
  std::size_t chain_index_;
  std::string_view file_;
  Mistakes& mistakes_;
  std::deque<hyalite_value> values_;
};

}  // namespace hyalite

// The plugins of the settings, for people and programs.
// SPDX-License-Identifier: MIT
#include "plugin/listed.h"

#include "base/text.h"
#include "plugin/quarantine.h"

namespace hyalite {

namespace {

// Null: nothing of it was loaded.
const Library* loaded(const PluginSettings& plugin, const Chain& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const Instance& instance = chain.at(i);
    if (instance.name() == plugin.name) return stands_in(instance.library()) ? nullptr : &instance.library();
  }
  return nullptr;
}

// Of one that was not loaded no more is known than what the settings call it.
std::string listed(const PluginSettings& plugin, const Library* library) {
  std::string json = "{\"name\":" + json_string(plugin.name);
  json += ",\"plugin\":" + json_string(library != nullptr ? library->identity().id : plugin.file_stem());
  json += ",\"version\":" + (library != nullptr ? json_string(library->identity().version) : "null");
  json += ",\"on_failure\":";
  json += plugin.failure_policy() == FailurePolicy::closed ? "\"closed\"" : "\"open\"";
  json += ",\"loaded\":";
  json += library != nullptr ? "true" : "false";
  return json + "}";
}

}  // namespace

std::string listed_plugins(std::span<const PluginSettings> plugins, const Chain& chain) {
  std::string json = "[";
  for (const PluginSettings& plugin : plugins) {
    if (json.size() > 1) json += ",";
    json += listed(plugin, loaded(plugin, chain));
  }
  return json + "]";
}

}  // namespace hyalite

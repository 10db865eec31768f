// `hyalite plugin`: what plugins there are, read from their files.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/flow_program.h"
#include "plugin/library.h"

namespace hyalite {

namespace {

struct Described {
  std::string name, path;
  Result<PluginIdentity> identity;
};

std::vector<std::string> where(std::vector<std::string> directories) {
  for (std::string& own : own_plugin_directories()) directories.push_back(std::move(own));
  return directories;
}

std::string json_of(const Described& plugin) {
  std::string json =
      "{\"name\":" + json_string(plugin.name) + ",\"path\":" + json_string(plugin.path);
  if (!plugin.identity)
    return json + ",\"error\":" + json_string(plugin.identity.error().text) + "}";
  const PluginIdentity& who = *plugin.identity;
  return json + ",\"id\":" + json_string(who.id) + ",\"version\":" + json_string(who.version) +
         ",\"license\":" + json_string(who.license) + ",\"abi\":\"" +
         std::to_string(who.abi_major) + "." + std::to_string(who.abi_minor) + "\"}";
}

std::string line_of(const Described& plugin, std::size_t width) {
  std::string line = plugin.name;
  line.resize(std::max(width, line.size()), ' ');
  return line + "  " +
         (plugin.identity ? printable(plugin.identity->version) + "  " + plugin.path
                          : plugin.identity.error().text) +
         '\n';
}

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

int plugin_list(const PluginListCommand& command) {
  std::vector<Described> plugins;
  std::size_t width = 0;
  for (const FoundPlugin& found : list_plugins(where(command.directories))) {
    plugins.push_back({found.name, found.path, identify_plugin(found.path)});
    width = std::max(width, found.name.size());
  }
  if (command.json) {
    std::string json = "[";
    for (const Described& plugin : plugins) json += (json.size() > 1 ? "," : "") + json_of(plugin);
    print(json + "]\n");
    return kExitDone;
  }
  for (const Described& plugin : plugins) print(line_of(plugin, width));
  if (plugins.empty()) std::fputs("hyalite: there are no plugins here; see --dir\n", stderr);
  return kExitDone;
}

int plugin_info(const PluginInfoCommand& command) {
  const auto path = find_plugin(command.plugin, where(command.directories));
  const auto identity = path ? identify_plugin(*path) : Result<PluginIdentity>(path.error());
  if (!identity) {
    const std::string text = identity.error().text;
    if (command.json) print("{\"error\":" + json_string(text) + "}\n");
    std::fprintf(stderr, "hyalite: %s\n", text.c_str());
    return kExitFailed;
  }
  const Described plugin{command.plugin, *path, identity};
  if (command.json) {
    print(json_of(plugin) + '\n');
    return kExitDone;
  }
  print("file     " + *path + "\nid       " + printable(identity->id) + "\nversion  " +
        printable(identity->version) + "\nlicense  " + printable(identity->license) +
        "\nABI      " + std::to_string(identity->abi_major) + "." +
        std::to_string(identity->abi_minor) + " (needs at least " +
        std::to_string(identity->abi_major) + "." + std::to_string(identity->min_host_minor) +
        ")\n");
  return kExitDone;
}

int plugin_check(const PluginCheckCommand& command) {
  PluginCheckOptions options = command.options;
  options.call_limit = Seconds{command.call_seconds};
  if (options.list) return check_plugin(options);
  if (options.path.find('/') == std::string::npos && options.path.ends_with(".so")) options.path.insert(0, "./");
  auto path = find_plugin(options.path, where(command.directories));
  if (!path) {
    std::fprintf(stderr, "hyalite: %s\n", path.error().text.c_str());
    return kExitFailed;
  }
  options.path = std::move(*path);
  return check_plugin(options);
}

}  // namespace hyalite

// What the commands about plugins take.
// SPDX-License-Identifier: MIT
#include "cli/command_options.h"

namespace hyalite {

namespace {

void add_plugin_new(CLI::App& plugin, Stored& stored) {
  CLI::App* made = plugin.add_subcommand(
      "new", "Write a project for a plugin of your own, with a test that drives it through the engine");
  made->add_option("name", stored.new_plugin.name, "What it is called: a-z, 0-9 and \"-\"")->required();
  made->add_option("--lang", stored.language, "c++, c, or rust (where there is cargo)")
      ->default_val("c++")
      ->check(CLI::IsMember({"c++", "c", "rust"}));
  made->add_option("--dir", stored.new_plugin.directory, "Where to; a new directory; default: as it is called")
      ->type_name("DIRECTORY");
  made->footer("It builds against the installed SDK (package hyalite-dev). Exit status: 0 written, 1 not (and why).");
  made->callback([&] {
    const bool rust = stored.language == "rust";
    stored.new_plugin.language = rust ? PluginLanguage::rust : stored.language == "c" ? PluginLanguage::c : PluginLanguage::cxx;
    stored.chosen = stored.new_plugin;
  });
}

void add_plugin_check(CLI::App& plugin, Stored& stored) {
  CLI::App* check = plugin.add_subcommand(
      "check", "Find out what is wrong with a plugin: its file, and what it does in the real engine");
  check->footer(
      "Runs the plugin's code, each check in a process of its own, without sockets and without "
      "root. Exit status: 0 clean, 1 something was\n"
      "found (where, and how to mend it), 2 wrong arguments.");
  PluginCheckCommand& command = stored.plugin_check;
  PluginCheckOptions& options = command.options;
  check->add_option("plugin", options.path, "A file (NAME.so), or the name of an installed plugin")
      ->type_name("FILE");
  check->add_option("--settings", options.settings_file,
                    "What would stand under `settings:` of its instance, in YAML")
      ->type_name("FILE");
  check->add_option("--only", options.only,
                    "This check alone, or these that begin so (host); may be given several times")
      ->type_name("CHECK")
      ->allow_extra_args(false);
  check->add_option("--skip", options.skip, "Not this check; likewise")
      ->type_name("CHECK")
      ->allow_extra_args(false);
  check->add_option("--allow", options.allowed,
                    "A library or an imported function that is meant to be there; likewise")
      ->type_name("NAME")
      ->allow_extra_args(false);
  check->add_flag("--list", options.list, "The checks there are");
  check->add_option("--seed", options.seed, "What is drawn by lot is drawn from this number")
      ->default_val(options.seed)
      ->type_name("NUMBER");
  check->add_option("--reproduce", options.reproduce,
                    "Only the case that a finding names, as CHECK/SEED/NUMBER")
      ->type_name("CASE");
  check->add_flag("--in-process", options.in_process,
                  "In this process, unwatched: for a debugger");
  check->add_flag("--thorough", options.thorough,
                  "Every cut, every failing call, more of what is odd: takes minutes");
  check->add_option("--call-limit", command.call_seconds, "How long one call of the plugin may take")
      ->default_val(command.call_seconds)
      ->check(CLI::Range(1, 600))
      ->type_name("SECONDS");
  check->add_option("--dir", command.directories, "Where to look for names before the program's own directories")
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  add_json(*check, options.json);
  check->callback([&] {
    if (command.options.path.empty() && !command.options.list)
      throw CLI::RequiredError("plugin");
    stored.chosen = command;
  });
}

}  // namespace

void add_plugin(CLI::App& app, Stored& stored) {
  CLI::App* plugin =
      app.add_subcommand("plugin", "What plugins there are, a new one, and whether one is sound");
  plugin->require_subcommand(1);
  constexpr char kWhere[] = "Where to look before the program's own directories";
  CLI::App* list = plugin->add_subcommand("list", "The plugins that `use: NAME` would find; none of their code is run");
  list->add_option("--dir", stored.list.directories, kWhere)
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  add_json(*list, stored.list.json);
  list->callback([&] { stored.chosen = stored.list; });
  CLI::App* info = plugin->add_subcommand("info", "What a plugin says of itself; none of its code is run");
  info->add_option("plugin", stored.info.plugin, "A file, with a slash, or a name")
      ->required()
      ->type_name("FILE");
  info->add_option("--dir", stored.info.directories, kWhere)
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  add_json(*info, stored.info.json);
  info->callback([&] { stored.chosen = stored.info; });
  add_plugin_new(*plugin, stored);
  add_plugin_check(*plugin, stored);
}

}  // namespace hyalite

<<<<<<< HEAD
// The command line as values.
=======
// argv to a command and its options.
>>>>>>> process
// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
<<<<<<< HEAD
#include <algorithm>

#include "cli/exit_status.h"
=======
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
>>>>>>> process

namespace hyalite {

namespace {

<<<<<<< HEAD
constexpr char kAbout[] =
    "Hyalite: a plugin-based, transparent layer-7 inspection proxy.\n"
    "Exit status: 0 done, 1 failed (the reason is on stderr), 2 wrong usage, 3 no service answers,\n"
    "77 this machine cannot have a lab.";

constexpr char kDefaultConfig[] = "/etc/hyalite/hyalite.yaml";

// What CLI11 fills in while it parses; one subcommand is chosen in the end.
struct Parsed {
  RunCommand run{kDefaultConfig, "", -1};
  CheckCommand check{kDefaultConfig, false};
  ControlCommand control{ControlCommand::What::status, "", false, false};
  PluginListCommand list;
  PluginInfoCommand info;
  LabOptions lab;
  std::string mode = "tproxy";
  std::string host;
  std::vector<std::string> rest;
};

CLI::App* add_control(CLI::App& app, Parsed& parsed, const char* name, const char* about) {
  CLI::App* command = app.add_subcommand(name, about);
  command->add_option("--socket", parsed.control.socket, "The control socket, when it is not in its usual place");
  command->add_flag("--json", parsed.control.json, "Answer in JSON");
  return command;
}

// CLI11 takes a "--" behind a positional for one of them.
std::vector<std::string> without_dashes(std::vector<std::string> command) {
  if (!command.empty() && command.front() == "--") command.erase(command.begin());
  return command;
}

Invocation lab_run_of(Parsed& parsed) {
  const auto mode = lab_mode_from(parsed.mode);
  if (!mode) {
    std::cerr << "hyalite lab run: --mode is none, tproxy, routing, hybrid or redirect\n";
    return AlreadyAnswered{kUsage};
  }
  parsed.lab.mode = *mode;
  parsed.lab.command = without_dashes(parsed.rest);
  return parsed.lab;
}

Invocation lab_exec_of(const Parsed& parsed) {
  const auto host = lab_host_from(parsed.host);
  if (!host) {
    std::cerr << "hyalite lab exec: the host is client, gateway or origin\n";
    return AlreadyAnswered{kUsage};
  }
  return LabExecCommand{*host, without_dashes(parsed.rest)};
=======
constexpr char kDefaultSettings[] = "/etc/hyalite/hyalite.yaml";
constexpr char kVersion[] = "hyalite " HYALITE_VERSION "\nbuilt with " HYALITE_LIBRARIES;
constexpr char kFooter[] =
    "Exit status: 0 done, 1 failed, 2 wrong arguments, 3 the service is not running, 77 this machine cannot have a lab.";

// Everything that the options of all commands are stored in, until it is known which command was given.
struct Stored {
  RunCommand run;
  CheckCommand check;
  ControlCommand control;
  PluginListCommand list;
  PluginInfoCommand info;
  LabRunCommand lab_run;
  LabExecCommand lab_exec;
  std::string lab_mode = "tproxy", lab_host;
  std::optional<Invocation> chosen;
};

void add_json(CLI::App& app, bool& json) { app.add_flag("--json", json, "For programs: one JSON object on stdout"); }

void add_settings(CLI::App& app, std::string& file, std::string& user) {
  app.add_option("-c,--config", file, "The settings file")->default_val(kDefaultSettings)->type_name("FILE");
  app.add_option("--user", user, "Instead of workers.user: whom everything but the master becomes when started as root")
      ->type_name("USER");
}

void add_run(CLI::App& app, Stored& stored) {
  CLI::App* run = app.add_subcommand("run", "Serve, in the foreground, until SIGTERM or SIGINT");
  run->footer(
      "SIGHUP reloads the settings, SIGUSR1 opens log files again, SIGUSR2 upgrades to the program that is installed now;\n"
      "SIGTERM lets connections end, for timeouts.stop; a second one does not. Tells systemd how it is (Type=notify).");
  add_settings(*run, stored.run.settings_file, stored.run.user);
  run->add_option("--resume", stored.run.resume)->group("");
  run->callback([&] { stored.chosen = stored.run; });
}

void add_check(CLI::App& app, Stored& stored) {
  CLI::App* check = app.add_subcommand("check", "Say everything that is wrong with the settings, of plugins too");
  check->footer("Loads the plugins in a process of its own, as the service's user. Exit status: 0 fine, 1 not.");
  add_settings(*check, stored.check.settings_file, stored.check.user);
  add_json(*check, stored.check.json);
  check->callback([&] { stored.chosen = stored.check; });
}

CLI::App* add_control(CLI::App& app, Stored& stored, const char* name, const char* what, ControlCommand::What command) {
  CLI::App* verb = app.add_subcommand(name, what);
  verb->footer("Asks the running service. Exit status: 0 done, 1 it failed (and why), 3 the service is not running.");
  verb->add_option("--socket", stored.control.socket,
                   "The service's control socket (control.socket); default: /run/hyalite/control.sock, or for users\n"
                   "$XDG_RUNTIME_DIR/hyalite/control.sock")
      ->type_name("PATH");
  add_json(*verb, stored.control.json);
  verb->callback([&stored, command] {
    stored.control.what = command;
    stored.chosen = stored.control;
  });
  return verb;
}

void add_controls(CLI::App& app, Stored& stored) {
  using What = ControlCommand::What;
  CLI::App* reload = add_control(app, stored, "reload",
                                 "Serve new connections by the settings as they are now; nothing changes when they are wrong",
                                 What::reload);
  reload->add_flag("--release", stored.control.release, "Also let plugins out of quarantine");
  add_control(app, stored, "upgrade", "Execute the program that is installed now in place of the running one", What::upgrade);
  add_control(app, stored, "status", "How the service is", What::status);
  add_control(app, stored, "reopen", "Open files again that were moved away, for log rotation", What::reopen);
}

void add_plugin(CLI::App& app, Stored& stored) {
  CLI::App* plugin = app.add_subcommand("plugin", "What plugins there are; none of their code is run");
  plugin->require_subcommand(1);
  constexpr char kWhere[] = "Where to look before the program's own directories";
  CLI::App* list = plugin->add_subcommand("list", "The plugins that `use: NAME` would find");
  list->add_option("--dir", stored.list.directories, kWhere)->type_name("DIRECTORY");
  add_json(*list, stored.list.json);
  list->callback([&] { stored.chosen = stored.list; });
  CLI::App* info = plugin->add_subcommand("info", "What a plugin says of itself");
  info->add_option("plugin", stored.info.plugin, "A file, with a slash, or a name")->required()->type_name("FILE");
  info->add_option("--dir", stored.info.directories, kWhere)->type_name("DIRECTORY");
  add_json(*info, stored.info.json);
  info->callback([&] { stored.chosen = stored.info; });
}

void add_lab(CLI::App& app, Stored& stored) {
  CLI::App* lab = app.add_subcommand("lab", "A private network of client, gateway and origin, to try interception in");
  lab->footer("Needs no root, and sees nothing of this machine's network. Exit status 77: this machine cannot have one.");
  lab->require_subcommand(1);
  CLI::App* run = lab->add_subcommand("run", "Build a lab and run a command on its gateway; with the command the lab ends");
  LabOptions& options = stored.lab_run.options;
  run->add_option("--mode", stored.lab_mode, "How connections reach the proxy")
      ->check(CLI::IsMember({"none", "tproxy", "routing", "hybrid", "redirect"}))
      ->default_str("tproxy");
  run->add_option("--proxy-port", options.proxy_port, "Where the proxy listens")->default_val(options.proxy_port);
  run->add_option("--port", options.ports, "A destination port that is intercepted; may be given several times (80, 443)");
  run->add_option("command", options.command, "The command and its arguments, after --; default: a shell");
  run->callback([&] {
    options.mode = *lab_mode_from(stored.lab_mode);
    const char* shell = std::getenv("SHELL");
    if (options.command.empty()) options.command = {shell == nullptr ? "/bin/sh" : shell};
    stored.chosen = stored.lab_run;
  });
  CLI::App* exec = lab->add_subcommand("exec", "Inside a lab: run a command on one of its hosts");
  exec->add_option("host", stored.lab_host, "client, gateway or origin")
      ->required()
      ->check(CLI::IsMember({"client", "gateway", "origin"}));
  exec->add_option("command", stored.lab_exec.command, "The command and its arguments, after --")->required();
  exec->callback([&] {
    stored.lab_exec.host = *lab_host_from(stored.lab_host);
    stored.chosen = stored.lab_exec;
  });
>>>>>>> process
}

}  // namespace

<<<<<<< HEAD
Invocation parse_arguments(int argc, char** argv) {
  Parsed parsed;
  CLI::App app{kAbout, "hyalite"};
  app.require_subcommand(0, 1);
  bool version = false;
  app.add_flag("--version", version, "The version of this program and of the libraries it runs with");

  CLI::App* run = app.add_subcommand("run", "Runs the proxy in the foreground; says on stderr when it accepts");
  run->add_option("-c,--config", parsed.run.config, "The settings file")->capture_default_str();
  run->add_option("--user", parsed.run.user, "The user that everything but the master becomes, when started as root");
  run->add_option("--resume", parsed.run.resume, "")->group("");

  CLI::App* check = app.add_subcommand("check", "Finds every mistake in a settings file, in plugins' settings too");
  check->add_option("-c,--config", parsed.check.config, "The settings file")->capture_default_str();
  check->add_flag("--json", parsed.check.json, "The mistakes as a JSON array");

  CLI::App* reload = add_control(app, parsed, "reload", "Loads the settings anew; when that fails, says why and changes nothing");
  reload->add_flag("--release", parsed.control.release, "Also let plugins out of quarantine");
  CLI::App* upgrade = add_control(app, parsed, "upgrade", "Executes the installed program anew, in place, without losing a connection");
  CLI::App* status = add_control(app, parsed, "status", "How the service is");
  CLI::App* reopen = add_control(app, parsed, "reopen", "Opens log files again, after they were moved away");

  CLI::App* plugin = app.add_subcommand("plugin", "Plugins and what they say about themselves");
  plugin->require_subcommand(1);
  CLI::App* list = plugin->add_subcommand("list", "The plugins that can be named in `use:`");
  list->add_option("--dir", parsed.list.directories, "Look here first (may be repeated)");
  list->add_flag("--json", parsed.list.json, "As a JSON array");
  CLI::App* info = plugin->add_subcommand("info", "What a plugin is, and the settings it takes");
  info->add_option("plugin", parsed.info.file, "A name, or the path of a .so file")->required();
  info->add_option("--dir", parsed.info.directories, "Look here first (may be repeated)");
  info->add_flag("--json", parsed.info.json, "As a JSON object");

  CLI::App* lab = app.add_subcommand("lab", "A private network of three hosts: client, gateway, origin. Needs no root");
  lab->require_subcommand(1);
  CLI::App* lab_run = lab->add_subcommand("run", "Builds the lab and runs a command on its gateway: run [options] -- COMMAND");
  lab_run->add_option("--mode", parsed.mode, "How connections reach the proxy: none, tproxy, routing, hybrid, redirect")
      ->capture_default_str();
  lab_run->add_option("--proxy-port", parsed.lab.proxy_port, "Where the proxy will listen")->capture_default_str();
  lab_run->add_option("--port", parsed.lab.ports, "Destination ports that are brought to the proxy (may be repeated)");
  lab_run->add_option("command", parsed.rest, "The command")->required();
  lab_run->positionals_at_end();
  CLI::App* lab_exec = lab->add_subcommand("exec", "Runs a command on a host of the lab one is in: exec HOST -- COMMAND");
  lab_exec->add_option("host", parsed.host, "client, gateway or origin")->required();
  lab_exec->add_option("command", parsed.rest, "The command")->required();
  lab_exec->positionals_at_end();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return AlreadyAnswered{code == 0 ? kDone : kUsage};
  }
  if (version) return VersionCommand{};
  if (*run) return parsed.run;
  if (*check) return parsed.check;
  using What = ControlCommand::What;
  const std::pair<CLI::App*, What> controls[] = {
      {reload, What::reload}, {upgrade, What::upgrade}, {status, What::status}, {reopen, What::reopen}};
  for (const auto& [command, what] : controls) {
    if (!*command) continue;
    parsed.control.what = what;
    return parsed.control;
  }
  if (*list) return parsed.list;
  if (*info) return parsed.info;
  if (*lab_run) return lab_run_of(parsed);
  if (*lab_exec) return lab_exec_of(parsed);
  std::cout << app.help();
  return AlreadyAnswered{kUsage};
=======
Invocation parse_arguments(int count, char** arguments) {
  Stored stored;
  CLI::App app("Hyalite: a plugin-based, transparent layer-7 inspection proxy", "hyalite");
  app.set_version_flag("--version", kVersion);
  app.footer(kFooter);
  app.require_subcommand(1);
  add_run(app, stored);
  add_check(app, stored);
  add_controls(app, stored);
  add_plugin(app, stored);
  add_lab(app, stored);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return Exit{app.exit(error) == 0 ? kExitDone : kExitUsage};
  }
  return stored.chosen ? *stored.chosen : Exit{kExitUsage};
>>>>>>> process
}

}  // namespace hyalite

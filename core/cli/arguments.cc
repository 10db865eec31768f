// The command line as values.
// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/exit_status.h"

namespace hyalite {

namespace {

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

Invocation lab_run_of(Parsed& parsed) {
  const auto mode = lab_mode_from(parsed.mode);
  if (!mode) {
    std::cerr << "hyalite lab run: --mode is none, tproxy, routing, hybrid or redirect\n";
    return AlreadyAnswered{kUsage};
  }
  parsed.lab.mode = *mode;
  parsed.lab.command = parsed.rest;
  return parsed.lab;
}

Invocation lab_exec_of(const Parsed& parsed) {
  const auto host = lab_host_from(parsed.host);
  if (!host) {
    std::cerr << "hyalite lab exec: the host is client, gateway or origin\n";
    return AlreadyAnswered{kUsage};
  }
  return LabExecCommand{*host, parsed.rest};
}

}  // namespace

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
}

}  // namespace hyalite

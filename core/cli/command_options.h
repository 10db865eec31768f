// The options of the commands: each adds its own, and says what was chosen. For files that know CLI11.
// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace hyalite {

inline constexpr char kDefaultSettings[] = "/etc/hyalite/hyalite.yaml";

// Everything that the options of all commands are stored in, until it is known which command was
// given.
struct Stored {
  RunCommand run;
  CheckCommand check;
  ControlCommand control;
  CaInitCommand ca_init;
  CaShowCommand ca_show;
  CaExportCommand ca_export;
  PluginListCommand list;
  PluginInfoCommand info;
  PluginNewCommand new_plugin;
  std::string language;
  PluginCheckCommand plugin_check;
  InterceptCommand intercept;
  LabRunCommand lab_run;
  LabExecCommand lab_exec;
  std::string lab_mode = "tproxy", lab_host = "client";
  std::vector<std::string> lab_faults;
  std::vector<std::string> words;
  DoctorCommand doctor;
  std::vector<std::string> doctor_clients, doctor_origins;
  std::optional<Invocation> chosen;
};

// What --help and the man page would else call "DAYS:INT in [1 - 36500]": the description says it.
template <typename Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

inline void add_json(CLI::App& app, bool& json) { app.add_flag("--json", json, "For programs: one JSON object on stdout"); }

// CLI11 takes a "--" behind a positional for one of them.
inline std::vector<std::string> without_dashes(std::vector<std::string> command) {
  if (!command.empty() && command.front() == "--") command.erase(command.begin());
  return command;
}

// service_options.cc
void add_run(CLI::App& app, Stored& stored);
void add_check(CLI::App& app, Stored& stored);
void add_controls(CLI::App& app, Stored& stored);
void add_tls(CLI::App& app, Stored& stored);
void add_ca(CLI::App& app, Stored& stored);
// plugin_options.cc
void add_plugin(CLI::App& app, Stored& stored);
// network_options.cc
void add_intercept(CLI::App& app, Stored& stored);
void add_lab(CLI::App& app, Stored& stored);
void add_doctor(CLI::App& app, Stored& stored);

}  // namespace hyalite

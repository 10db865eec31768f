// argv to a command and its options. CLI11 is known to those that include command_options.h, completion.cc and manual.cc.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "check/check.h"
#include "cli/new_plugin.h"
#include "doctor/doctor.h"
#include "lab/lab.h"

namespace hyalite {

// What scripts can rely on.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotRunning = 3;
inline constexpr int kExitCannotSay = kDoctorCannotSay;

struct RunCommand {
  std::string settings_file, user;
  int resume = -1;  // the descriptor of the state that an earlier image of this process left
};
struct CheckCommand {
  std::string settings_file, user;
  bool json = false;
};
// What is asked of a running service.
struct ControlCommand {
  enum class What { reload, upgrade, status, reopen, forget };
  What what = What::status;
  std::string socket;  // empty: where it is by default
  std::string name;    // of a server, to be forgotten
  bool release = false;
  bool json = false;
};
// Whose CA: that of the settings, or of one certificate file.
struct CaPlace {
  std::string settings_file, certificate;
};
struct CaInitCommand {
  std::string directory, name, organization, key, passphrase_file;
  unsigned days = 3'650;
  std::vector<std::string> permitted, permitted_networks;
};
struct CaShowCommand {
  CaPlace place;
  bool json = false;
};
struct CaExportCommand {
  CaPlace place;
  std::string format, output;
};
struct PluginListCommand {
  std::vector<std::string> directories;
  bool json = false;
};
struct PluginInfoCommand {
  std::string plugin;
  std::vector<std::string> directories;
  bool json = false;
};
struct PluginNewCommand {
  std::string name, directory;  // directory: empty for one of the same name
  PluginLanguage language = PluginLanguage::cxx;
};
struct PluginCheckCommand {
  PluginCheckOptions options;
  std::uint32_t call_seconds = 10;
  std::vector<std::string> directories;
};
// How traffic is brought to the proxy.
struct InterceptCommand {
  enum class What { plan, on, off, show, watch };
  What what = What::plan;
  std::string settings_file;
  bool keep_open = false;
  bool iptables = false;
  bool undo = false;  // plan: what `off` would do
  std::uint32_t drain_seconds = 10;
  bool json = false;
};
struct LabRunCommand {
  LabOptions options;
};
struct LabExecCommand {
  LabHost host = LabHost::client;
  std::vector<std::string> command;
  int lab = 0;  // the number of one of several
};
struct DoctorCommand {
  DoctorOptions options;
  // What doctor runs of itself, inside of the lab that it made.
  bool inside_lab = false;
  std::string connect_to;
};
// Nothing is to be done any more: help, completions or a mistake was printed.
struct Exit {
  int status = 0;
};

using Invocation =
    std::variant<Exit, RunCommand, CheckCommand, ControlCommand, CaInitCommand, CaShowCommand,
                 CaExportCommand, PluginListCommand, PluginInfoCommand, PluginNewCommand, PluginCheckCommand, InterceptCommand,
                 LabRunCommand, LabExecCommand, DoctorCommand>;

// Prints help, the version, or what is wrong with the arguments.
Invocation parse_arguments(int count, char** arguments);

}  // namespace hyalite

// The command line as values.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "lab/lab.h"

namespace hyalite {

struct RunCommand {
  std::string config;
  std::string user;  // empty: as the settings say
  int resume = -1;   // the state that an upgrade handed on
};
struct CheckCommand {
  std::string config;
  bool json = false;
};
struct ControlCommand {
  enum class What { reload, upgrade, status, reopen };
  What what;
  std::string socket;  // empty: as the settings' default
  bool json = false;
  bool release = false;  // reload: also let plugins out of quarantine
};
struct PluginListCommand {
  std::vector<std::string> directories;
  bool json = false;
};
struct PluginInfoCommand {
  std::string file;  // a path, or a name
  std::vector<std::string> directories;
  bool json = false;
};
struct LabExecCommand {
  LabHost host;
  std::vector<std::string> command;
};
struct VersionCommand {};
// The text was printed; this is the exit status.
struct AlreadyAnswered {
  int status;
};

using Invocation = std::variant<AlreadyAnswered, RunCommand, CheckCommand, ControlCommand, PluginListCommand,
                                PluginInfoCommand, LabOptions, LabExecCommand, VersionCommand>;

// Prints help and mistakes by itself.
Invocation parse_arguments(int argc, char** argv);

}  // namespace hyalite

// One function per verb.
// SPDX-License-Identifier: MIT
#pragma once

#include "cli/arguments.h"

namespace hyalite {

int run(const RunCommand& command, char** argv);
int control(const ControlCommand& command);
int list_plugins(const PluginListCommand& command);
int tell_plugin(const PluginInfoCommand& command);
int tell_version();
// A process that the service started: "generation", "checker", "admin".
int run_part(std::string_view part);

}  // namespace hyalite

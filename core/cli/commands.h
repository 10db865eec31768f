<<<<<<< HEAD
// One function per verb.
// SPDX-License-Identifier: MIT
#pragma once

=======
// One function per verb; the answer is the exit status.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

>>>>>>> process
#include "cli/arguments.h"

namespace hyalite {

<<<<<<< HEAD
int run(const RunCommand& command, char** argv);
int control(const ControlCommand& command);
int list_plugins(const PluginListCommand& command);
int tell_plugin(const PluginInfoCommand& command);
int tell_version();
// A process that the service started: "generation", "checker", "admin".
int run_part(std::string_view part);
=======
// `arguments`: argv, with which an upgrade executes the program again.
int run(const RunCommand& command, std::vector<std::string> arguments);
int check(const CheckCommand& command);
int control(const ControlCommand& command);
int plugin_list(const PluginListCommand& command);
int plugin_info(const PluginInfoCommand& command);
>>>>>>> process

}  // namespace hyalite

// One function per verb; the answer is the exit status.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"

namespace hyalite {

// `arguments`: argv, with which an upgrade executes the program again.
int run(const RunCommand& command, std::vector<std::string> arguments);
int check(const CheckCommand& command);
int control(const ControlCommand& command);
int ca_init(const CaInitCommand& command);
int ca_show(const CaShowCommand& command);
int ca_export(const CaExportCommand& command);
int plugin_list(const PluginListCommand& command);
int plugin_info(const PluginInfoCommand& command);
int plugin_new(const PluginNewCommand& command);
int plugin_check(const PluginCheckCommand& command);
int doctor(const DoctorCommand& command);
int intercept(const InterceptCommand& command);

}  // namespace hyalite

// Picks the command.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/flow_program.h"
#include "cli/said.h"
#include "lab/lab.h"
#include "process/admin_process.h"
#include "process/child.h"
#include "process/generation.h"
#include "process/signer_process.h"

namespace hyalite {

namespace {

// A part of the service, started by the master.
int live_as(std::string_view part) {
  Log log(part == "checker" ? LogLevel::warning : LogLevel::info);
  FlowProgram program(own_plugin_directories());
  if (part == "generation") return run_generation(program, log);
  if (part == "checker") return run_checker(program, log);
  if (part == "admin") return run_admin(log);
  if (part == "signer") return run_signer(log);
  return kExitUsage;
}

struct Act {
  std::vector<std::string> arguments;

  int operator()(const Exit& exit) const { return exit.status; }
  int operator()(const RunCommand& command) const { return run(command, arguments); }
  int operator()(const CheckCommand& command) const { return check(command); }
  int operator()(const ControlCommand& command) const { return control(command); }
  int operator()(const CaInitCommand& command) const { return ca_init(command); }
  int operator()(const CaShowCommand& command) const { return ca_show(command); }
  int operator()(const CaExportCommand& command) const { return ca_export(command); }
  int operator()(const PluginListCommand& command) const { return plugin_list(command); }
  int operator()(const PluginInfoCommand& command) const { return plugin_info(command); }
  int operator()(const PluginNewCommand& command) const { return plugin_new(command); }
  int operator()(const DoctorCommand& command) const { return doctor(command); }
  int operator()(const PluginCheckCommand& command) const { return plugin_check(command); }
  int operator()(const InterceptCommand& command) const { return intercept(command); }
  int operator()(const LabRunCommand& command) const { return lab_run(command.options); }
  int operator()(const LabExecCommand& command) const {
    return lab_exec(command.host, command.command, command.lab);
  }
};

}  // namespace

}  // namespace hyalite

int main(int count, char** arguments) {
  if (count >= 3 && std::string_view(arguments[1]) == hyalite::kPartOption)
    return hyalite::live_as(arguments[2]);
  return hyalite::when_all_is_said(std::visit(hyalite::Act{{arguments, arguments + count}},
                                              hyalite::parse_arguments(count, arguments)));
}

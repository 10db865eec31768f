// Picks the command.
// SPDX-License-Identifier: MIT
#include <string_view>
#include <variant>

#include "cli/check.h"
#include "cli/commands.h"
#include "process/child.h"

namespace hyalite {

namespace {

struct Perform {
  char** argv;
  int operator()(const AlreadyAnswered& answered) const { return answered.status; }
  int operator()(const RunCommand& command) const { return run(command, argv); }
  int operator()(const CheckCommand& command) const { return check(command); }
  int operator()(const ControlCommand& command) const { return control(command); }
  int operator()(const PluginListCommand& command) const { return list_plugins(command); }
  int operator()(const PluginInfoCommand& command) const { return tell_plugin(command); }
  int operator()(const LabOptions& command) const { return lab_run(command); }
  int operator()(const LabExecCommand& command) const { return lab_exec(command.host, command.command); }
  int operator()(const VersionCommand&) const { return tell_version(); }
};

}  // namespace

}  // namespace hyalite

int main(int argc, char** argv) {
  using namespace hyalite;
  if (argc >= 3 && std::string_view(argv[1]) == kPartOption) return run_part(argv[2]);
  return std::visit(Perform{argv}, parse_arguments(argc, argv));
}

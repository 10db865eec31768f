// Runs ip and nft, without a shell.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "interception/plan.h"

namespace hyalite {

struct ProgramRun {
  int status = 0;  // its exit status; 128 + N when signal N killed it
  std::string output;
  std::string complaints;
  explicit operator bool() const { return status == 0; }
};

// Where a program of this name is: on the PATH, or where system programs are. Empty: nowhere.
std::string find_system_program(std::string_view name);

// Runs the command to its end. The error says that it could not be run at all; its code is ENOENT
// when there is no such program.
Result<ProgramRun> run_program(const ToolCommand& command);

// The same; that it says it failed is an error too, with the first line of its complaints.
Result<std::string> must_run(const ToolCommand& command);

}  // namespace hyalite

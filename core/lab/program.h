// Runs other programs: ip, nft, sh.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/hosts.h"

namespace hyalite {

// Where a program of this name is on the PATH; empty: nowhere.
std::string find_program(std::string_view name);
// Lets the PATH lead to the directories of system programs too: an ordinary user's often does not.
void widen_path();

// Runs a program on a host of the lab, with `input` as its standard input, and waits for it. Its
// output and complaints are ours. An error when it cannot be run or says that it failed.
Result<void> run_on(LabHost host, const std::vector<std::string>& command,
                    std::string_view input = {});

// Becomes the program, or says why not on stderr and ends with 127 (there is none) or 126 (it
// cannot be run).
[[noreturn]] void become(const std::vector<std::string>& command);

// What a shell reports for a child's wait status: its exit status, or 128 + N when signal N killed
// it.
int exit_status(int wait_status);

}  // namespace hyalite

// The way into a lab that runs already.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "base/result.h"

namespace hyalite {

// By which labs are found: what their first process is called.
constexpr char kLabProcessName[] = "hyalite-lab";

// The first processes of all labs that are this user's own: root enters no other user's.
std::vector<pid_t> running_labs();

// This process is in the lab's namespaces then, but for the one of processes, in which its children
// are. It keeps its directory, where the lab has one of that name. The operator's fault: another
// user's process, or none.
Result<void> join_lab(pid_t lab);

}  // namespace hyalite

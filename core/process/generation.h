// One loaded configuration: opens the plugins once, forks the workers, replaces those that die.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/log.h"
#include "process/program.h"

namespace hyalite {

// The whole life of a generation, in a process made by start_child(); the answer is its exit
// status. No libevent and one thread, as workers are forked from it. What keeps it from serving is
// told to the master and to the log.
int run_generation(Program& program, Log& log);

// The checker: begins like a generation, as the same user, and says what is wrong, or that nothing
// is; it opens no socket and forks nothing.
int run_checker(Program& program, Log& log);

}  // namespace hyalite

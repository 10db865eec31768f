// One process, one loop, its clients: wires everything, holds no logic.
// SPDX-License-Identifier: MIT
#pragma once

#include "process/inheritance.h"

namespace hyalite {

// The whole life of a worker, in a process that was just forked for it: start the chain, tell the
// generation, serve until told to stop or until drained, stop the chain, _exit. SIGINT and SIGTERM
// are ignored: only `orders` counts.
//   orders end (generation died)  -> drain by Settings::timeouts.drain
//   master_life ends              -> _exit at once
[[noreturn]] void run_worker(Inheritance inheritance);

}  // namespace hyalite

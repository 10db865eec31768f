// One process, one loop, its clients: wires everything, holds no logic.
// SPDX-License-Identifier: MIT
#pragma once

#include "process/inheritance.h"

namespace hyalite {

// The whole life of a worker, in a process that was just forked for it: starts its service, tells
// the generation, serves until it is told to stop or is drained, lets the service go, and _exit()s:
// 0 when that was in order.
//   orders end (the generation died)  -> drains, by timeouts.drain
//   master_life ends                  -> _exit() at once
[[noreturn]] void run_worker(Inheritance inheritance);

// More than this does not fit into one answer: fewer flows are shown then.
inline constexpr std::size_t kMostLiveViewBytes = std::size_t{96} << 10;
inline constexpr std::uint32_t kMostLiveViewFlows = 1'000;

}  // namespace hyalite

// Who is running right now: written around each call into a plugin, read by whoever watches the
// worker or buries it. SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace hyalite {

// One per worker, in memory shared with the generation and the master; zeroed there, never
// constructed twice. Written by the worker only, relaxed: a reader in another process may see a
// call begin or end a moment late.
struct CallSlot {
  std::atomic<std::uint32_t> instance{0};  // its place in the chain + 1; 0: no plugin is running
  std::atomic<std::uint32_t> hook{0};      // a Hook (hook.h)
  std::atomic<std::int64_t> since_ns{0};   // CLOCK_MONOTONIC_COARSE
  std::atomic<std::uint64_t> flow{0};      // its id; 0: no flow is concerned
};

}  // namespace hyalite

// The most that plugins may take from the host.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace hyalite {

// The names are those of the settings, where they are explained.
struct ChainLimits {
  std::size_t held_body_bytes = std::size_t{8} << 20;  // limits.held_body_bytes: one pipe
  std::size_t held_bodies_bytes = std::size_t{256}
                                  << 20;  // limits.held_bodies_bytes: this worker's share
  std::size_t plugin_bytes_per_flow = std::size_t{1} << 20;
  std::size_t pauses = 10'000;           // limits.pauses: this worker's share
  Milliseconds longest_pause{60'000};    // timeouts.plugin_pause
  Milliseconds warn_after{10};  // containment.call_budget.warn
};

}  // namespace hyalite

// The most that plugins may take from the host.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "coding/decoder.h"

namespace hyalite {

// The names are those of the settings, where they are explained.
struct ChainLimits {
  std::size_t held_body_bytes = std::size_t{8} << 20;  // limits.held_body_bytes: one pipe
  std::size_t held_bodies_bytes = std::size_t{256}
                                  << 20;  // limits.held_bodies_bytes: this worker's share
  std::size_t plugin_bytes_per_flow = std::size_t{1} << 20;
  std::size_t pauses = 10'000;           // limits.pauses: this worker's share
  Milliseconds longest_pause{60'000};    // timeouts.plugin_pause
  std::size_t timers = 10'000;           // limits.plugin_timers: this worker's share, as all that follow
  std::size_t posts = 10'000;            // limits.plugin_posts
  std::size_t work = 1'000;              // limits.plugin_work
  std::size_t work_threads = 2;          // limits.plugin_threads: of each worker
  DecodeLimits decode;                   // limits.decoded_body_bytes, limits.decode_ratio
  std::size_t notes = 32;                // limits.plugin_notes: of one flow, and of one exchange
  std::size_t fetches = 1'000;           // limits.plugin_fetches
  std::size_t channels = 1'000;          // limits.plugin_channels
  std::size_t channel_bytes = std::size_t{256} << 10;  // limits.plugin_channel_bytes: of each
  std::size_t message_bytes = std::size_t{1} << 20;  // limits.websocket_message_bytes
  Milliseconds warn_after{10};  // containment.call_budget.warn
  Milliseconds work_warn_after{10'000};  // containment.work_budget.warn
};

}  // namespace hyalite

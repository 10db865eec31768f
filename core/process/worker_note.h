// What a generation writes on its board about each worker.
// SPDX-License-Identifier: MIT
//
// For `status`; and the names of the board's regions.
#pragma once

#include <atomic>
#include <cstdint>

namespace hyalite {

// Zeroed at the beginning. Written by the generation, relaxed.
struct WorkerNote {
  std::atomic<std::int32_t> pid{0};         // 0: none at this moment
  std::atomic<std::uint32_t> replaced{0};   // how often a new process took this place
  std::atomic<std::int64_t> started_ns{0};  // wall time
};

inline constexpr char kWorkerNotes[] = "workers";  // per worker: a WorkerNote
inline constexpr char kCallSlots[] = "calls";      // per worker: a CallSlot
inline constexpr char kUpstreams[] = "upstreams";  // a LoopTable

}  // namespace hyalite

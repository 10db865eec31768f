// What is on a generation's board about its workers, beside numbers.
// SPDX-License-Identifier: MIT
//
// For `status`, for the watchdog, and for whoever buries a worker; and the names of the board's
// regions. A place is that of a worker among its siblings. It has two rows on the board: a worker
// that has to be replaced while it still drains keeps its own, and the next one takes the other.
#pragma once

#include <atomic>
#include <cstdint>

namespace hyalite {

// Zeroed at the beginning. Written by the generation, relaxed. In the region's first pieces, by
// place.
struct WorkerNote {
  std::atomic<std::int32_t> pid{0};          // 0: none at this moment
  std::atomic<std::uint32_t> replaced{0};    // how often a new process took this place
  std::atomic<std::int64_t> started_ns{0};   // wall time
  std::atomic<std::int32_t> retired_pid{0};  // the one before, while it drains; 0: none
};

// Zeroed at the beginning. Written by the worker, relaxed: its loop turned at this time
// (CLOCK_MONOTONIC_COARSE).
struct WorkerPulse {
  std::atomic<std::int64_t> beat_ns{0};
};

inline constexpr char kWorkerNotes[] = "workers";    // per place: a WorkerNote
inline constexpr char kCallSlots[] = "calls";        // per row: a CallSlot
inline constexpr char kCallHistories[] = "history";  // per row: a CallHistory
inline constexpr char kPulses[] = "pulses";          // per row: a WorkerPulse
inline constexpr char kUpstreams[] = "upstreams";    // a LoopTable

inline constexpr unsigned kRowsPerPlace = 2;

}  // namespace hyalite

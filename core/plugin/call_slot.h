// Who is running right now, and what ran before: written around each call into a plugin, read by
// whoever watches the worker or buries it. SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

namespace hyalite {

// One per worker, in memory shared with the generation and the master; zeroed there, never
// constructed twice. Written by the worker only, relaxed: a reader in another process may see a
// call begin or end a moment late.
struct CallSlot {
  std::atomic<std::uint32_t> instance{0};  // its place in the chain + 1; 0: no plugin is running
  std::atomic<std::uint32_t> hook{0};      // a Hook (hook.h)
  std::atomic<std::int64_t> since_ns{0};   // CLOCK_MONOTONIC_COARSE
  std::atomic<std::uint64_t> flow{0};      // its id; 0: no flow is concerned
  // Whose work on a thread of the pool has just crashed the process: as `instance`; 0: nobody's. Written in the signal.
  std::atomic<std::uint32_t> crashed_work{0};
  // Whose work runs on threads of the pool, and has for longest: as `instance` and `since_ns`. Written by those threads, one
  // at a time.
  std::atomic<std::uint32_t> work{0};
  std::atomic<std::int64_t> work_since_ns{0};
};

// CLOCK_MONOTONIC_COARSE, as the slot counts: a few nanoseconds to read, and true to a few milliseconds.
inline std::int64_t coarse_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// What kind of failure a plugin had and its worker survived. The values are read by other
// processes: they keep their meaning.
// late: a pause that reached its deadline.
enum class FaultKind : std::uint32_t { error, exception, misuse, late };

// What a worker's plugins did lately; shared and written like CallSlot. The last calls are for
// whoever asks what may have destroyed the memory in which somebody else then crashed.
struct CallHistory {
  static constexpr std::size_t kCalls = 16, kFaults = 16, kWhat = 120;

  struct Call {
    std::atomic<std::uint32_t> instance;  // its place in the chain + 1; 0: none yet
    std::atomic<std::uint32_t> hook;
    std::atomic<std::uint64_t> flow;
  };
  struct Fault {
    std::atomic<std::uint64_t> number;  // from 1; 0: none, or it is being written
    std::atomic<std::int64_t> at_ns;    // wall time
    std::atomic<std::uint32_t> instance, hook, kind;
    std::array<std::atomic<char>, kWhat> what;  // ended by NUL when shorter
  };

  void add_call(std::uint32_t its_instance, std::uint32_t hook, std::uint64_t flow) {
    const std::uint64_t n = calls.load(std::memory_order_relaxed);
    Call& call = last[n % kCalls];
    call.instance.store(its_instance, std::memory_order_relaxed);
    call.hook.store(hook, std::memory_order_relaxed);
    call.flow.store(flow, std::memory_order_relaxed);
    calls.store(n + 1, std::memory_order_relaxed);
  }

  void add_fault(std::uint32_t its_instance, std::uint32_t hook, FaultKind kind,
                 std::string_view why, std::int64_t now_ns) {
    const std::uint64_t n = faults.load(std::memory_order_relaxed);
    Fault& fault = recent[n % kFaults];
    fault.number.store(0, std::memory_order_release);
    fault.at_ns.store(now_ns, std::memory_order_relaxed);
    fault.instance.store(its_instance, std::memory_order_relaxed);
    fault.hook.store(hook, std::memory_order_relaxed);
    fault.kind.store(static_cast<std::uint32_t>(kind), std::memory_order_relaxed);
    for (std::size_t i = 0; i < kWhat; ++i)
      fault.what[i].store(i < why.size() ? why[i] : '\0', std::memory_order_relaxed);
    fault.number.store(n + 1, std::memory_order_release);
    faults.store(n + 1, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> calls, faults;  // how many there ever were in this row
  std::array<Call, kCalls> last;
  std::array<Fault, kFaults> recent;
};

}  // namespace hyalite

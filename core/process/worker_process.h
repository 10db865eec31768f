// One worker process, as its generation sees it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "plugin/call_slot.h"
#include "process/channel.h"
#include "process/denials.h"
#include "process/messages.h"
#include "process/watchdog.h"
#include "process/worker_note.h"

namespace hyalite {

// "signal Segmentation fault", "exit status 1": a status of waitpid(2).
std::string how_it_ended(int status);
// A fault by its cause: "crash", "hang", ...; as in metrics.
std::string_view name(DeathCause cause);

// What a worker shows of itself on the board; lent.
struct WorkerWindow {
  const CallSlot* calls = nullptr;
  const CallHistory* history = nullptr;
  const WorkerPulse* pulse = nullptr;
};

// Whose code was running.
struct Blame {
  std::string instance, hook;  // empty: nobody's
  std::optional<std::size_t> place{};
  std::string build{};  // as what it was loaded
};

struct WorkerProcess {
  pid_t pid = -1;  // -1: there is none
  unsigned row = 0;
  Channel orders;  // ours; the worker has the other end
  WorkerWindow window;
  Denials denials;
  bool started = false;
  Monotonic since{};
  std::size_t memory_at_birth = 0;
  Watchdog watchdog;
  std::optional<DeathCause> ended_for;  // we are ending it, for this
  std::uint32_t ended_for_work = 0;     // whose work on a thread it was, as in the slot; 0: it was not for that
  Monotonic kill_from{};                // when it may no longer take its time with that
  std::optional<Monotonic> end_by;      // it drains; then it is killed

  explicit operator bool() const { return pid > 0; }
  // Ends it: the first signal can be caught; the one after kGrace cannot.
  static constexpr Milliseconds kGrace{100};
  void put_down(DeathCause why, Monotonic now);
  DeathCause cause_of(int status) const;
  // What it has taken since it was forked, in bytes; nothing when that cannot be told.
  std::optional<std::size_t> memory() const;

  // ---- of a process that runs no more. `instance_at` knows the plugins by their places.
  using InstanceAt = std::function<std::string(std::size_t place)>;
  Blame blame(const InstanceAt& instance_at) const;
  // "ads:request_head(7) audit:request_head(7)": the last calls, the newest last.
  std::string last_calls(const InstanceAt& instance_at) const;
};

}  // namespace hyalite

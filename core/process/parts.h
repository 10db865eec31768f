// What the master knows of the processes it started.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "metrics/board.h"
#include "process/child.h"
#include "process/denials.h"
#include "process/failure.h"
#include "process/load_note.h"
#include "process/messages.h"
#include "settings/settings.h"

namespace hyalite {

// How long after its own deadline a part of the service is waited for.
inline constexpr Milliseconds kPatience = Seconds{5};

struct GenerationPart {
  std::uint64_t number = 0;
  Child child;
  GenerationState state = GenerationState::loading;
  WallTime since{};   // in that state
  Fd text;            // the settings it was given
  SharedMemory note;  // its LoadNote, while it loads
  Prepared limits;    // of its settings; workers == 0: not prepared yet
  Fd board, plugins;
  std::vector<Channel> questions;  // the asking ends, by worker
  std::set<Address> listeners;     // what it asked for
  std::optional<Failure> failure;  // what it said before it ended
  std::optional<Monotonic> kill_at;
  Denials denials;  // while it loads

  const LoadNote* load_note() const {
    return note.bytes().empty() ? nullptr : reinterpret_cast<const LoadNote*>(note.bytes().data());
  }
  bool prepared() const { return limits.workers != 0 && questions.size() == limits.workers; }
};

// A listening socket that outlives the admin process that opened it.
struct KeptListener {
  Fd fd;
  std::string path;  // of a unix socket
};
using KeptListeners = std::array<KeptListener, kKeptSockets>;

struct AdminPart {
  enum class State { preparing, prepared, serving, leaving };
  Child child;
  State state = State::preparing;
  bool gone = false;  // told to serve
  Monotonic since{};
  KeptListeners listeners;  // when prepared
  LogSettings log;          // of its settings; likewise
  std::optional<Failure> failure;
  std::optional<Monotonic> kill_at;
  Denials denials;
};

// Who waits for the outcome of a command: a request to an admin process.
struct Asker {
  pid_t admin = -1;
  std::uint64_t command = 0;
};

// An Outcome that could not be sent yet.
struct Unsaid {
  Asker asker;
  bool done = false;
};

// A generation's counts after its end, until an admin process has added them to the totals.
struct FinishedBoard {
  std::uint64_t number = 0;
  Fd board;
  Monotonic finished_at{};  // workers that lost their generation count until then
  bool told = false;
};

}  // namespace hyalite

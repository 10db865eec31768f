// Answers the system calls that a confined process asks about, and remembers what was refused.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "process/confinement.h"

namespace hyalite {

// In the process that watches over it: each call waits there for its answer. Never blocks.
class Denials {
 public:
  Denials() = default;
  // What confine() returned there. `mode`: of SeccompSettings.
  Denials(Fd listener, DeniedCalls mode) : listener_(std::move(listener)), mode_(mode) {}

  // Readable: answer_one(). -1: nobody asks, or any more.
  int fd() const { return listener_.get(); }

  struct Denied {
    DeniedCall call;
    // Of this kind, until it is said: nothing while it was said within the last minute.
    std::optional<std::size_t> to_say;
  };
  // Answers one call. Nothing: whoever asked is gone.
  std::optional<Denied> answer_one(Monotonic now);

 private:
  static constexpr Milliseconds kSayAgain = Seconds{60};
  static constexpr std::size_t kMostNames = 64;
  struct Unsaid {
    std::size_t times = 0;
    Monotonic again{};
  };

  Fd listener_;
  DeniedCalls mode_ = DeniedCalls::enforce;
  std::map<std::string, Unsaid> unsaid_;
};

}  // namespace hyalite

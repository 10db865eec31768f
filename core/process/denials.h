// Answers the system calls that a confined process asks about, and remembers what was refused.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "process/confinement.h"
#include "process/messages.h"

namespace hyalite {

// In the process that is confined: what confine() returned goes to whoever watches over it.
void give_listener(Fd listener, const SeccompSettings& settings, const Channel& watcher);

// In the process that watches over it: each call waits there for its answer. Never blocks.
class Denials {
 public:
  Denials() = default;
  // The listener that give_listener() sent. Only the first one counts: who has that process in his hands afterwards has
  // nothing to say about it.
  void begin(Fd listener, const Confined& told);
  // Nobody is asked any more; what is denied from now on fails.
  void end() { listener_.reset(); }

  // Readable: answer_one(). -1: nobody asks, or asks any more.
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
  bool begun_ = false;
  DeniedCalls mode_ = DeniedCalls::enforce;
  std::map<std::string, Unsaid> unsaid_;
};

}  // namespace hyalite

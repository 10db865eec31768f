// The pauses of one worker: who waits, until when, and who may go on.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/abi.h>

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "plugin/refs.h"

namespace hyalite {

// Woken without being called: [any thread], may be called at any time, also inside a call of its own.
class LoopSignal {
 public:
  // There is something to deliver, or the time of the next delivery changed: call Async::deliver soon, on the loop.
  virtual void signal() = 0;

 protected:
  ~LoopSignal() = default;
};

// Who is told, on the loop and never inside a hook, that a pause of its is over: call Chain::resume.
class Waker {
 public:
  virtual void on_wake() = 0;

 protected:
  ~Waker() = default;
};

// One pause, kept where the paused hook ran (in a subject). Has one place while the pause lasts.
class PausePoint {
 public:
  PausePoint() = default;
  PausePoint(const PausePoint&) = delete;
  PausePoint& operator=(const PausePoint&) = delete;

  // A plugin has paused here, and nothing was heard of it yet ...
  bool paused() const { return ref_ != 0; }
  // ... or it may go on: it was resumed, or its deadline has come.
  bool ready() const { return paused() && ready_; }
  Ref ref() const { return ref_; }
  // When ready: HYALITE_OK, HYALITE_E_TIMED_OUT, or HYALITE_E_CANCELLED when its plugin was left out meanwhile.
  hyalite_status status() const { return status_; }

 private:
  friend class Pauses;
  Ref ref_ = 0;
  bool ready_ = false;
  hyalite_status status_ = HYALITE_OK;
  Waker* waker_ = nullptr;
};

class Pauses {
 public:
  explicit Pauses(std::size_t most) : table_(RefKind::pause, most) {}

  // 0: there are too many. `owner`: whose it is. `waker` (may be null) outlives the pause.
  Ref begin(const void* owner, PausePoint& point, Monotonic until, Waker* waker);
  // [any thread] HYALITE_E_STALE: over, or resumed already, or another's.
  hyalite_status resume(const void* owner, Ref ref);
  // It will not be waited for any longer: ready with this status.
  void release(PausePoint& point, hyalite_status status);
  // Over: what is paused here is forgotten, its ref is stale. Nothing when nothing is paused.
  void end(PausePoint& point);

  // Wakes all that became ready, and those whose deadline has come.
  void deliver(Monotonic now);
  bool has_ready() const;
  std::optional<Monotonic> next_deadline() const;

 private:
  struct Pause {
    const void* owner;
    PausePoint* point;
    std::multimap<Monotonic, Ref>::iterator deadline;  // end: it is ready
    bool resumed = false;
  };
  void make_ready(Ref ref, hyalite_status status);

  mutable std::mutex mutex_;      // for the table and the list of those resumed: resume() comes from any thread
  RefTable<Pause> table_;
  std::vector<Ref> resumed_;      // at most as many as there are pauses
  std::multimap<Monotonic, Ref> deadlines_;
};

}  // namespace hyalite

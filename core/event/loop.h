// A worker's one loop: waits for readiness, then runs what was put off until after the events.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/callback.h"
#include "event/link.h"

struct event_base;

namespace hyalite {

class Turn;

// "2.1.12-stable": the library this program runs with.
const char* libevent_version();

// One thread, one loop. Outlives every Watch, Timer, Turn ... made with it. Never made before a
// fork: both processes would share its epoll.
class Loop {
 public:
  static Result<std::unique_ptr<Loop>> open();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop(), or until nothing is left that could ever wake it.
  void run();
  // One pass without waiting: the events that are ready now, then the turns and what was posted.
  // False when nothing is left that could ever wake the loop.
  bool run_once();
  // run() returns after the current pass. Before run(): the next run() does one pass at most.
  void stop() { stopped_ = true; }

  // Runs `work` on this loop after the current events, never inside post(). Allocates: not for the
  // hot path (see Turn).
  void post(std::function<void()> work);

  // The time when the current events arrived, read once for all of them; outside a pass the time as
  // it is.
  const Clock& clock() const { return clock_; }
  Monotonic now() const { return clock_.now(); }

  // For the event room only.
  event_base* base() const { return base_.get(); }

 private:
  friend class Turn;
  class BatchClock : public Clock {
   public:
    Monotonic now() const override;
    WallTime wall_time() const override { return std::chrono::system_clock::now(); }
    void begin_batch() { cached_ = false, in_batch_ = true; }
    void end_batch() { in_batch_ = false; }

   private:
    bool in_batch_ = false;
    mutable bool cached_ = false;
    mutable Monotonic now_;
  };
  struct FreeBase {
    void operator()(event_base* base) const;
  };

  explicit Loop(event_base* base);
  bool pass(bool may_wait);
  void take_turns();
  void run_posted();

  std::unique_ptr<event_base, FreeBase> base_;
  BatchClock clock_;
  Link turns_;
  std::vector<std::function<void()>> posted_;
  bool stopped_ = false;
};

// Asks for another turn after the current events: to go on reading when a budget is spent (an edge
// is told only once), or to sweep what may not be destroyed inside its own call. Never allocates.
class Turn : private Link {
 public:
  Turn(Loop& loop, Callback<> owner) : loop_(loop), owner_(owner) {}

  // The owner is called once, after the current events; others that are ready come between two
  // turns of one owner.
  void ask() {
    if (!asked()) join(loop_.turns_);
  }
  void cancel() { leave(); }
  bool asked() const { return linked(); }

 private:
  friend class Loop;
  Loop& loop_;
  Callback<> owner_;
};

}  // namespace hyalite

// What plugins have under way in this worker, beyond the calls of this moment.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/clock.h"
#include "plugin/channels.h"
#include "plugin/errands.h"
#include "plugin/fetches.h"
#include "plugin/limits.h"
#include "plugin/pauses.h"
#include "plugin/timers.h"
#include "plugin/work_pool.h"

namespace hyalite {

// Belongs to the chain, which makes the calls (Chain::deliver); opened in each worker, where there is a loop. Nothing is
// ever delivered inside a call of a plugin, and each thing that was begun is told its end exactly once.
class Async {
 public:
  explicit Async(const ChainLimits& limits)
      : errands(limits.posts),
        pauses(limits.pauses),
        timers(limits.timers, errands),
        work(limits.work_threads, limits.work, errands),
        fetches(limits.fetches, errands),
        channels(limits.channels, limits.channel_bytes, errands) {}

  // In a worker, before the plugins start. All outlive this. `outbound`: null where there are no services.
  void open(const Clock& clock, LoopSignal& signal, Outbound* outbound = nullptr) {
    clock_ = &clock, signal_ = &signal;
    errands.open(signal);
    fetches.open(outbound);
    channels.open(outbound);
  }
  bool is_open() const { return clock_ != nullptr && !stopped_; }
  Monotonic now() const { return clock_->now(); }
  // [any thread]
  void wake() { signal_->signal(); }

  // Wakes what was paused and may go on; makes due what the time has come for.
  void advance() {
    pauses.deliver(now());
    timers.advance(now());
    channels.deliver();
  }
  // When advance() has something to do at the latest, as far as is known now.
  std::optional<Monotonic> next() const {
    const auto a = pauses.next_deadline(), b = timers.next();
    return a && b ? std::min(*a, *b) : a ? a : b;
  }
  // Whatever is under way is told that the worker ends; nothing more begins.
  void stop() {
    stopped_ = true;
    timers.end_all(HYALITE_E_STOPPED);
    fetches.end_all(HYALITE_E_STOPPED);
    channels.end_all(HYALITE_E_STOPPED);
    work.stop(HYALITE_E_STOPPED);
  }
  // False: there is no such thing (any more).
  bool end(const InstanceHost& owner, Ref ref, hyalite_status status) {
    switch (kind_of(ref)) {
      case RefKind::timer:
        return timers.end(owner, ref, status);
      case RefKind::work:
        return work.end(owner, ref, status);
      case RefKind::fetch:
        return fetches.end(owner, ref, status);
      case RefKind::channel:
        return channels.end(owner, ref, status);
      default:
        return false;
    }
  }

  Errands errands;
  Pauses pauses;
  Timers timers;
  WorkPool work;
  Fetches fetches;
  Channels channels;

 private:
  const Clock* clock_ = nullptr;
  LoopSignal* signal_ = nullptr;
  std::atomic<bool> stopped_{false};  // read by any thread that posts
};

}  // namespace hyalite

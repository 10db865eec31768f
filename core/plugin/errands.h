// Calls that plugins are owed: each is made once, by the loop, and never inside another.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/async.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "plugin/hook.h"
#include "plugin/pauses.h"

namespace hyalite {

class InstanceHost;

// One of them.
class Errand {
 public:
  virtual ~Errand() = default;
  virtual void run(void* instance) = 0;
};

template <class Run>
class ErrandOf final : public Errand {
 public:
  explicit ErrandOf(Run run) : run_(std::move(run)) {}
  void run(void* instance) override { run_(instance); }

 private:
  Run run_;
};

struct Owed {
  InstanceHost* to;
  Hook hook;  // what the log and the slot call it
  std::unique_ptr<Errand> errand;
};

template <class Run>
Owed owed(InstanceHost& to, Hook hook, Run run) {
  return {&to, hook, std::make_unique<ErrandOf<Run>>(std::move(run))};
}

// The end of something: `done` hears how, and may free what `user` points to.
inline Owed owed(InstanceHost& to, Hook hook, hyalite_done done, hyalite_ref ref, void* user, hyalite_status status) {
  return owed(to, hook, [=](void* instance) { done(instance, ref, user, status); });
}

// In the order in which they became due.
class Errands {
 public:
  explicit Errands(std::size_t most_posted) : most_posted_(most_posted) {}

  void open(LoopSignal& signal) { signal_ = &signal; }

  // [any thread] What must be told: it was counted when it began.
  void add(Owed owed) { put(std::move(owed), SIZE_MAX); }
  // [any thread] False: too many wait already.
  bool post(Owed owed) { return put(std::move(owed), most_posted_); }
  // [any thread] The loop is to come round once more.
  void ring() {
    if (signal_ != nullptr) signal_->signal();
  }
  // What is due now; what becomes due meanwhile waits for the next time.
  std::vector<Owed> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(due_, {});
  }
  // Nothing more can be posted, unless something is due still: false then.
  bool close_if_empty() {
    const std::lock_guard lock(mutex_);
    closed_ = due_.empty();
    return closed_;
  }

 private:
  bool put(Owed owed, std::size_t most) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || due_.size() >= most) return false;
      due_.push_back(std::move(owed));
    }
    ring();
    return true;
  }

  const std::size_t most_posted_;
  LoopSignal* signal_ = nullptr;
  bool closed_ = false;
  mutable std::mutex mutex_;
  std::vector<Owed> due_;
};

}  // namespace hyalite

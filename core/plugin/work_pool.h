// A few threads for what would hold up a worker's loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "plugin/errands.h"
#include "plugin/refs.h"

namespace hyalite {

struct CallSlot;

// The threads start with the first work, in the worker: nothing of it exists before the fork.
class WorkPool {
 public:
  // At most `most` at once, waiting and running.
  WorkPool(std::size_t threads, std::size_t most, Errands& errands) : threads_wanted_(threads), table_(RefKind::work, most), errands_(errands) {}
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // 0: too many wait, or no thread could be had.
  Ref add(InstanceHost& owner, hyalite_run run, hyalite_done done, void* user);
  // What has not begun never runs; what runs is told so when it has ended. False: it is over, or another's.
  bool end(const InstanceHost& owner, Ref ref, hyalite_status status);
  // All that has not begun is given up; waits for what runs.
  void stop(hyalite_status status);

  // What runs for longer than that, each once.
  struct Slow {
    InstanceHost* owner;
    std::int64_t ms;  // so far
  };
  std::vector<Slow> take_slow(Milliseconds than);

 private:
  struct Work {
    InstanceHost* owner;
    hyalite_run run;
    hyalite_done done;
    void* user;
    hyalite_status status;  // that it will end with
    bool running = false;
    std::int64_t since_ns = 0;  // while it runs
    bool told_slow = false;
  };
  bool start_threads();
  void work();
  void finish(Ref ref);
  void begin(Ref ref, Work& work);
  void ended(Ref ref);
  void show_oldest();

  const std::size_t threads_wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  RefTable<Work> table_;
  std::deque<Ref> waiting_;
  std::vector<Ref> running_;  // the oldest first
  bool stopping_ = false;
  Errands& errands_;
  std::vector<std::thread> threads_;
  CallSlot* slot_ = nullptr;  // of this worker, once something has run; null: nobody watches
};

}  // namespace hyalite

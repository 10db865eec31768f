// The workers of a generation: forks them, buries them, replaces them.
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/board.h"
#include "process/inheritance.h"
#include "process/messages.h"
#include "process/program.h"
#include "process/worker_note.h"
#include "settings/settings.h"

namespace hyalite {

// Where the numbers about workers are, in the generation's own row.
struct WorkforceCounts {
  static WorkforceCounts declare(Layout& layout, const Settings& settings);
  Cell starts, deaths;     // deaths: by DeathCause
  std::vector<Cell> faults;  // by the plugins' places in the settings; each by DeathCause
  Region notes, calls, upstreams;
};

class WorkforceOwner {
 public:
  // Once: every worker's service has started.
  virtual void on_all_started() = 0;
  // Before that, one could not start; may be told for several.
  virtual void on_could_not_start(const std::string& why) = 0;
  virtual void on_died(const WorkerDied& death) = 0;
  // In a process that was just forked to be a worker: closes what is the generation's alone.
  virtual void on_forked() = 0;

 protected:
  ~WorkforceOwner() = default;
};

// What the workers need; lent for the workforce's life.
struct WorkforceNeeds {
  std::uint64_t generation;
  const Settings& settings;
  Program& program;
  Board& board;
  const WorkforceCounts& counts;
  int master_life;
  const Clock& clock;
  Log& log;
};

// In a process without a loop and with one thread. The owner may call it from inside its own calls, but not destroy it.
class Workforce {
 public:
  Workforce(const WorkforceNeeds& needs, WorkforceOwner& owner);

  // The asking end of a worker's live view, to be given to the admin process; once.
  Channel take_question_end(unsigned worker) { return std::move(members_[worker].asker); }
  // The sockets are served from here on.
  Result<void> start(std::vector<ListeningSocket> sockets);

  // ---- what the generation's loop has to call
  void add_watched(std::vector<pollfd>& watched) const;  // then on_readable() for those with something to read
  void on_readable(int fd);
  void reap(pid_t pid, int status);  // a child ended
  void tick();                       // at least every kTick
  static constexpr Milliseconds kTick{100};

  // No new clients; nobody is replaced any more.
  void drain();
  void stop(Milliseconds deadline);
  void reopen();
  // All of them, now.
  void kill();
  bool empty() const;

 private:
  struct Member {
    pid_t pid = -1;
    Channel orders;            // ours; the worker has the other end
    Channel asked, asker;      // its live view: what every worker of this place inherits, and what the admin process gets
    bool started = false;
    bool hung = false;         // it was ended for its plugin's sake
    std::int64_t overdue_since = 0;  // when the call began that was found to take too long
    Monotonic since{};
    unsigned quick_deaths = 0;
    std::optional<Monotonic> replace_at;
  };
  struct Blame {
    std::string instance, hook;  // empty: nobody's
  };

  Result<void> fork_worker(unsigned worker);
  [[noreturn]] void become_worker(unsigned worker, Channel orders);
  void on_message(unsigned worker, const Received& message);
  void on_started(unsigned worker);
  void bury(unsigned worker, int status);
  void plan_replacement(unsigned worker);
  void watch_call(unsigned worker);
  Blame blame(unsigned worker) const;
  void count(DeathCause cause, const Blame& blame);
  void order_all(const auto& order);
  CallSlot& calls(unsigned worker) const;
  WorkerNote& note(unsigned worker) const;

  const WorkforceNeeds needs_;
  WorkforceOwner& owner_;
  LoopTable upstreams_;
  std::vector<ListeningSocket> sockets_;
  std::vector<Member> members_;
  bool all_started_ = false;
  std::optional<Monotonic> end_by_;  // draining; at this time whoever is left is killed
};

}  // namespace hyalite

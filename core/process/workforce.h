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
#include "process/worker_process.h"
#include "settings/settings.h"
#include "tls/refusals.h"

namespace hyalite {

// Where the numbers about workers are, in the generation's own row.
struct WorkforceCounts {
  static WorkforceCounts declare(Layout& layout, const Settings& settings);
  Cell starts, deaths, retired;  // deaths: by DeathCause
  Cell signers_replaced;
  Cell denied;               // by DeniedKind
  Cell leaves;               // by LeafCount; in the workers' rows
  std::vector<Cell> faults;  // by the plugins' places in the settings; each by DeathCause
  Region notes, calls, histories, pulses, upstreams;
};

class WorkforceOwner {
 public:
  // Once: every worker's service has started.
  virtual void on_all_started() = 0;
  // Before that, one could not start; may be told for several.
  virtual void on_could_not_start(const std::string& why) = 0;
  virtual void on_died(const WorkerDied& death) = 0;
  virtual void on_retired(const WorkerRetired& retired) = 0;
  // In a process that was just forked to be a worker: closes what is the generation's alone.
  virtual void on_forked() = 0;

 protected:
  ~WorkforceOwner() = default;
};

// What the workers need; lent for the workforce's life. The board has kRowsPerPlace rows for each
// worker.
struct WorkforceNeeds {
  std::uint64_t generation;
  unsigned workers;
  const Settings& settings;
  Program& program;
  Board& board;
  const WorkforceCounts& counts;
  Refusals& refusals;
  int master_life;
  const Clock& clock;
  Log& log;
};

// In a process without a loop and with one thread. The owner may call it from inside its own calls,
// but not destroy it.
class Workforce {
 public:
  Workforce(const WorkforceNeeds& needs, WorkforceOwner& owner);

  // The asking end of a worker's live view, to be given to the admin process; once.
  Channel take_question_end(unsigned worker) { return std::move(members_[worker].asker); }
  // One per row of the board, for all who take it; before start().
  void take_signer_ends(std::vector<Fd> ends);
  // The sockets are served from here on.
  Result<void> start(std::vector<ListeningSocket> sockets);

  // ---- what the generation's loop has to call
  void add_watched(
      std::vector<pollfd>& watched) const;  // then on_readable() for those with something to read
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
  // Those that do not serve yet.
  void kill_unstarted();
  bool empty() const;

 private:
  // One worker's place: who has it, and who had it and still drains.
  struct Member {
    WorkerProcess current, retired;
    Channel asked, asker;  // its live view: what every worker of this place inherits, and what the
                           // admin process gets
    unsigned quick_deaths = 0;
    std::optional<Monotonic> replace_at;
  };

  Result<void> fork_worker(unsigned worker);
  [[noreturn]] void become_worker(unsigned worker, unsigned row, Channel orders);
  void hear_some(unsigned worker, WorkerProcess& process);
  void on_message(unsigned worker, WorkerProcess& process, Received message);
  void answer_denied(unsigned worker, WorkerProcess& process);
  void on_started(unsigned worker);
  void bury(unsigned worker, WorkerProcess& process, int status);
  void plan_replacement(unsigned worker);
  void watch(WorkerProcess& process, Monotonic now);
  void watch_memory(unsigned worker, Monotonic now);
  void complain_of_memory(unsigned worker);
  void retire(unsigned worker, std::size_t bytes, Monotonic now);
  std::string instance(std::size_t place) const { return needs_.program.instance(place); }
  void count(DeathCause cause, const Blame& blame);
  void order_all(const auto& order);
  void give_away(unsigned worker);
  void let_adopt(WorkerProcess& fresh);
  void for_each(const auto& visit);
  WorkerWindow window(unsigned row) const;
  template <class T>
  T& piece(Region region, unsigned row) const {
    return *reinterpret_cast<T*>(needs_.board.worker_region(region, row).data());
  }
  WorkerNote& note(unsigned worker) const {
    return piece<WorkerNote>(needs_.counts.notes, worker);
  }

  const WorkforceNeeds needs_;
  WorkforceOwner& owner_;
  LoopTable upstreams_;
  std::vector<ListeningSocket> sockets_;
  std::vector<Fd> signer_ends_;  // by row: two processes of one place ask on their own; or none
  std::vector<Member> members_;
  bool all_started_ = false;
  bool memory_is_hidden_ = false;  // which was said
  bool leaving_ = false;  // drains or stops: nobody is replaced any more
  std::optional<Monotonic> memory_at_;  // when it is looked at next
};

}  // namespace hyalite

// Keeps the sockets, starts generations, upgrades itself.
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/result.h"
#include "process/crash_record.h"
#include "process/listening_sockets.h"
#include "process/load_note.h"
#include "process/master_state.h"
#include "process/notify.h"
#include "process/parts.h"
#include "process/roster.h"
#include "process/signals.h"

namespace hyalite {

struct MasterOptions {
  std::string settings_file;            // absolute
  std::string user;                     // instead of workers.user; empty: as the settings say
  std::string program;                  // the file that an upgrade executes
  std::vector<std::string> arguments;   // with which it is executed, beside `--resume N`
  const char* notify_socket = nullptr;  // NOTIFY_SOCKET
};

// Small and privileged: maps no plugin, parses nothing from the network and not the settings.
// SIGHUP: reload. SIGUSR1: reopen files. SIGUSR2: upgrade. SIGTERM, SIGINT: stop; again: at once.
class Master {
 public:
  Master(MasterOptions options, Log& log);
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  // Until the service ends; the answer is the exit status: 0 when it was told to stop, 1 when it
  // could not start.
  int run();
  // The same, in the image that an upgrade executed: goes on with what the earlier one left in
  // `state`.
  int resume(Fd state);

 private:
  // Why a new generation.
  enum class Cause { start, reload, replace, crashes, quarantine, upgrade };
  struct Change {
    Cause cause;
    std::uint64_t generation;
    pid_t admin;
    std::vector<Asker> askers;
    Monotonic since;
    std::optional<Cause> brings;  // what was waited for, too: waits again when this fails
    bool gone = false;            // told to serve
  };
  struct Upgrade {
    Child checker;
    std::vector<Asker> askers;
    std::optional<Failure> failure;
    bool fine = false;
    Monotonic kill_at{};  // unless it loads; when `said`, in any case
    SharedMemory note;    // its LoadNote
    bool said = false;    // how it found the settings: all that is left to it is to end
  };
  // What was asked for while something else was being done.
  struct Waiting {
    std::vector<Asker> reloads, upgrades;
    bool reload = false, upgrade = false;
    std::optional<Cause> change;  // for the crashes' sake

    // Of each kind; more are told that too many wait.
    static constexpr std::size_t kMostAskers = 64;

    // Leaving the plugin out that crashed helps more than another memory layout.
    void add(Cause cause) {
      if (change != Cause::quarantine) change = cause;
    }
  };
  static std::string_view name(Cause cause);

  // ---- the loop (master.cc)
  Result<void> prepare();
  int live();
  void wait();
  void on_readable(int fd, int most);
  void on_signal(int signal);
  void reap();
  void tick();
  bool restless() const;
  void begin_stop(bool at_once);
  int finish();

  // ---- what the parts say (heard.cc)
  void on_generation_message(GenerationPart& part, Received message);
  void on_admin_message(AdminPart& part, Received message);
  void on_command(AdminPart& part, const Command& command);
  void on_worker_died(const GenerationPart& part, const WorkerDied& death);
  void on_worker_retired(const GenerationPart& part, const WorkerRetired& retired);
  void remember(FaultPicture fault);
  void on_denied(Denials& denials, const std::string& part, const Child& child,
                 const LoadNote::Running& running);
  void answer_listen(GenerationPart& part, const ListenRequest& request);
  void on_generation_ended(GenerationPart& part, int status);
  void on_admin_ended(AdminPart& part, int status);
  void fold(std::uint64_t number);

  // ---- from one generation to the next (change.cc)
  void ask_reload(std::vector<Asker> askers);
  void wait_among(std::vector<Asker>& waiting, const std::vector<Asker>& askers);
  void begin_change(Cause cause, Result<Fd> text, std::vector<Asker> askers);
  void advance();
  void commit(GenerationPart& fresh);
  void fail_change(const Failure& failure);
  void after_change();
  void bring_what_waits();
  void replace_dead();
  void replace_admin();
  void retire(GenerationPart& part);
  void end(GenerationPart& part, Milliseconds deadline);
  void enforce_cap();
  Result<GenerationPart*> start_generation(const Fd& text, bool first);
  Result<AdminPart*> start_admin(const Fd& text);
  Result<void> introduce(const AdminPart& page, const Fd& text) const;
  Result<void> give_listeners(const Channel& to) const;
  void admit(AdminPart& page);
  void let_serve(AdminPart& page);
  void dismiss_other_admins(const AdminPart& but);
  void dismiss_at_once(AdminPart& page);
  void tell_board(const AdminPart& page, std::uint64_t number, const Fd& board, const Fd& plugins);
  void tell_questions(const AdminPart& page, const GenerationPart& part);
  void tell_who_stays(const GenerationPart& failed);
  void on_untold(std::uint64_t number, const Error& error);
  Failure loading_died(const GenerationPart& part, int status) const;
  void answer(const std::vector<Asker>& askers, bool done, const Failure& text);
  bool say(const Unsaid& outcome, const Failure* text) const;
  void send_picture();
  Picture picture() const;
  std::string summary() const;

  // ---- another program in this process (upgrade.cc)
  void ask_upgrade(std::vector<Asker> askers);
  bool checker_is_late() const;
  void end_late_checker();
  void give_up_checker(const std::string& why);
  void on_checker_message(const Received& message);
  void on_checker(int status);
  void execute_upgrade();
  MasterState state() const;
  Result<void> take_over(const MasterState& state);

  bool is_awaited(const AdminPart& part) const;
  Result<Fd> read_settings_text() const;
  void set_state(GenerationPart& part, GenerationState state);

  MasterOptions options_;
  Log& log_;
  SystemClock clock_;
  Notifier notifier_;
  SignalReader signals_;
  Fd life_read_,
      life_write_;  // the write end is here only: its end tells everybody that the master is gone
  Fd totals_;       // what finished generations counted; written by admin processes
  Fd refusals_;     // the memory of Refusals, written by workers
  Fd last_good_;    // the settings of the last generation that served
  ListeningSockets sockets_;
  KeptListeners kept_;
  CrashRecord record_;
  Backoff generation_backoff_{Milliseconds{100}, Seconds{30}},
      admin_backoff_{Milliseconds{100}, Seconds{30}},
      bring_backoff_{Seconds{1}, std::chrono::minutes{1}};

  Roster roster_;
  std::vector<FinishedBoard> finished_;
  std::vector<Unsaid> unsaid_;  // at most Waiting::kMostAskers
  std::optional<Change> change_;
  std::optional<Upgrade> upgrade_;
  Waiting waiting_;
  // When to try again; bring_at_: what waits for the crashes' sake.
  std::optional<Monotonic> replace_at_, admin_at_, bring_at_;
  bool stopping_ = false;
  std::optional<int> status_;

  WallTime started_{};
  std::uint64_t last_number_ = 0;
  std::uint64_t worker_deaths_ = 0, generation_deaths_ = 0, reloads_ = 0, failed_reloads_ = 0;
  std::array<std::uint64_t, kDeniedKindCount> denied_{};
  std::string last_failure_;
  std::deque<FaultPicture> faults_;  // the newest last; at most Picture::kMostFaults
  bool picture_old_ = false;
};

}  // namespace hyalite

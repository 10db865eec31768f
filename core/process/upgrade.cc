// The master, from one program to the next, in this very process.
// SPDX-License-Identifier: MIT
//
// The new program checks the settings first; then it is executed in place, with the same pid and
// the same sockets, and begins with a generation of its own.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <csignal>
#include <cstring>
#include <utility>

#include "process/load_note.h"
#include "process/master.h"
#include "process/memory_file.h"
#include "process/refusals_memory.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostStateBytes = std::size_t{4} << 20;
// Until it loads, which ends by itself (timeouts.load): a file that is no Hyalite may never come to that.
constexpr Milliseconds kCheckerTakes = std::chrono::minutes{5};

void keep_open_on_exec(const std::vector<int>& fds, bool keep) {
  for (const int fd : fds) ::fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

Failure plain(std::string text) { return {std::move(text) + '\n'}; }

// A new program that ended without a word about the settings: it cannot be run, or is no Hyalite.
Failure could_not_check(const std::string& program, int status) {
  std::string what = "ended with exit status " + std::to_string(WEXITSTATUS(status)) +
                     " before it had checked the settings";
  if (WIFSIGNALED(status))
    what = std::string("died before it had checked the settings: ") + ::strsignal(WTERMSIG(status));
  if (WIFEXITED(status) && WEXITSTATUS(status) == kCouldNotExecute) {
    const bool there = ::access(program.c_str(), X_OK) == 0;
    what = std::string("cannot be run: ") +
           (there ? "not a program for this machine" : ::strerror(errno));
  }
  return plain(
      program + ' ' + what +
      ". The running program goes on; install one that works, then `hyalite upgrade` again");
}

}  // namespace

void Master::ask_upgrade(std::vector<Asker> askers) {
  if (stopping_) return answer(askers, false, plain("the service stops"));
  if (change_ || upgrade_) {
    waiting_.upgrade = true;
    return wait_among(waiting_.upgrades, askers);
  }
  log_.info("upgrade.begins", {{"program", options_.program}});
  upgrade_.emplace(
      Upgrade{{}, std::move(askers), std::nullopt, false, clock_.now() + kCheckerTakes, {}, false});
  const auto text = read_settings_text();
  Fd memory(::memfd_create("hyalite-loading", MFD_CLOEXEC));
  auto child = start_child(options_.program, "checker", "check");
  if (!text || !memory || ::ftruncate(memory.get(), sizeof(LoadNote)) != 0 || !child) {
    upgrade_->failure = !text ? Failure::of(text.error(), options_.settings_file)
                              : plain("the checker could not be started");
    return on_checker(0);
  }
  upgrade_->checker = std::move(*child);
  if (auto note = SharedMemory::map(memory.get(), sizeof(LoadNote), false))
    upgrade_->note = std::move(*note);
  Begin begin;
  begin.generation = last_number_ + 1;
  begin.file = FixedText<4'096>(options_.settings_file);
  begin.user = FixedText<64>(options_.user);
  (void)upgrade_->checker.channel.send(
      begin, {text->get(), life_read_.get(), memory.get(), refusals_.get()});
}

void Master::on_checker_message(const Received& message) {
  if (auto failure = told_failure(message)) upgrade_->failure = std::move(failure);
  const auto ready = message.as<Ready>();
  upgrade_->fine = ready && ready->state_format == kStateFormat;
  if (upgrade_->said || (!ready && !upgrade_->failure)) return;
  upgrade_->said = true;
  upgrade_->kill_at = clock_.now() + kPatience;
}

// The note is the checker's from the moment at which it begins to load.
bool Master::checker_is_late() const {
  if (!upgrade_ || clock_.now() < upgrade_->kill_at) return false;
  if (upgrade_->said) return true;
  const auto note = upgrade_->note.bytes();
  return std::all_of(note.begin(), note.end(), [](std::byte one) { return one == std::byte{0}; });
}

// What it said stands.
void Master::end_late_checker() {
  if (upgrade_->said) {
    ::kill(upgrade_->checker.pid, SIGKILL);
    return;
  }
  give_up_checker(
      options_.program + " did not come to check the settings within " +
      std::to_string(std::chrono::duration_cast<std::chrono::minutes>(kCheckerTakes).count()) +
      " minutes. The running program goes on");
}

void Master::give_up_checker(const std::string& why) {
  ::kill(upgrade_->checker.pid, SIGKILL);
  if (!upgrade_->failure) upgrade_->failure = plain(why);
}

// The checker ended.
void Master::on_checker(int status) {
  Upgrade upgrade = std::move(*upgrade_);
  upgrade_.reset();
  if (stopping_) return;
  if (!upgrade.fine || upgrade.failure) {
    const Failure failure =
        upgrade.failure ? *upgrade.failure : could_not_check(options_.program, status);
    log_.error("upgrade.failed", {{"why", failure.text.substr(0, failure.text.find('\n'))}});
    answer(upgrade.askers, false, failure);
    return after_change();
  }
  notifier_.reloading(clock_.now());
  upgrade_.emplace(std::move(upgrade));
  execute_upgrade();
  // Only when it failed: everything is as it was.
  const Failure failure =
      plain(Error::system(Fault::operator_, "cannot execute " + options_.program, errno).text);
  log_.error("upgrade.failed", {{"why", failure.text}});
  answer(upgrade_->askers, false, failure);
  upgrade_.reset();
  after_change();
}

void Master::execute_upgrade() {
  const MasterState left = state();
  const auto text = sealed_text(write_state(left), "hyalite-state");
  if (!text) return;
  std::vector<std::string> arguments = options_.arguments;
  arguments.insert(arguments.end(), {"--resume", std::to_string(text->get())});
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  std::vector<int> kept = descriptors_of(left);
  kept.push_back(text->get());
  keep_open_on_exec(kept, true);
  ::execv(options_.program.c_str(), pointers.data());
  const int why = errno;
  keep_open_on_exec(kept, false);
  errno = why;
}

MasterState Master::state() const {
  MasterState state;
  state.settings_file = options_.settings_file;
  state.user = options_.user;
  state.program = options_.program;
  state.started_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(started_.time_since_epoch()).count();
  state.last_number = last_number_;
  state.worker_deaths = worker_deaths_;
  state.generation_deaths = generation_deaths_;
  state.reloads = reloads_;
  state.failed_reloads = failed_reloads_;
  state.denied = denied_;
  state.life_read = life_read_.get();
  state.life_write = life_write_.get();
  state.totals = totals_.get();
  state.refusals = refusals_.get();
  state.last_good = last_good_.get();
  for (std::size_t i = 0; i < kKeptSockets; ++i) state.kept[i] = {kept_[i].fd.get(), kept_[i].path};
  for (const auto& group : sockets_.groups()) {
    auto& one = state.groups.emplace_back(
        MasterState::Group{group.asked, group.bound, group.transparent, {}});
    for (const Fd& slot : group.slots) one.slots.push_back(slot.get());
  }
  for (const auto& part : roster_.generations()) {
    auto& one = state.generations.emplace_back();
    one = {part->number,
           part->child.pid,
           part->state,
           std::chrono::duration_cast<std::chrono::nanoseconds>(part->since.time_since_epoch())
               .count(),
           part->limits.workers,
           part->limits.drain_ms,
           part->limits.stop_ms,
           part->child.channel.fd(),
           part->board.get(),
           part->plugins.get(),
           {}};
    for (const Channel& end : part->questions) one.questions.push_back(end.fd());
  }
  // One that is not ready yet would wait for a Go that never comes: the change that follows brings another.
  for (const auto& part : roster_.admins()) {
    const bool leaving = part->state != AdminPart::State::serving || !part->gone;
    state.admins.push_back({part->child.pid, leaving, part->child.channel.fd()});
  }
  for (const FinishedBoard& board : finished_)
    state.finished.push_back({board.number, board.board.get()});
  const auto add_askers = [&](const std::vector<Asker>& askers) {
    for (const Asker& asker : askers) state.askers.push_back({asker.admin, asker.command});
  };
  if (upgrade_) add_askers(upgrade_->askers);
  // What they wait for, the upgrade brings too.
  add_askers(waiting_.reloads);
  add_askers(waiting_.upgrades);
  state.quarantined = record_.words();
  return state;
}

int Master::resume(Fd state) {
  const auto text = text_of(state.get(), kMostStateBytes);
  const auto left = text ? read_state(*text) : Result<MasterState>(text.error());
  if (!left) {
    log_.error("master.failed", {{"why", left.error().text}});
    return 1;
  }
  state.reset();
  if (auto taken = take_over(*left); !taken) {
    log_.error("master.failed", {{"why", taken.error().text}});
    return 1;
  }
  log_.info("upgrade.executed", {{"program", options_.program}});
  std::vector<Asker> askers;
  for (const auto& asker : left->askers) askers.push_back({asker.admin, asker.command});
  begin_change(Cause::upgrade, read_settings_text(), std::move(askers));
  // Children that ended between the two programs left a signal that the earlier one may have taken.
  reap();
  return live();
}

Result<void> Master::take_over(const MasterState& left) {
  keep_open_on_exec(descriptors_of(left), false);
  options_.settings_file = left.settings_file;
  options_.user = left.user;
  options_.program = left.program;
  const auto time = [](std::int64_t ns) { return WallTime(std::chrono::nanoseconds(ns)); };
  started_ = time(left.started_ns);
  last_number_ = left.last_number;
  worker_deaths_ = left.worker_deaths;
  generation_deaths_ = left.generation_deaths;
  reloads_ = left.reloads;
  failed_reloads_ = left.failed_reloads;
  denied_ = left.denied;
  life_read_.reset(left.life_read);
  life_write_.reset(left.life_write);
  totals_.reset(left.totals);
  // What an earlier program wrote in another form is forgotten.
  refusals_.reset(left.refusals);
  if (!is_refusals_memory(refusals_)) refusals_ = refusals_memory();
  last_good_.reset(left.last_good);
  for (std::size_t i = 0; i < kKeptSockets; ++i)
    kept_[i] = {Fd(left.kept[i].fd), left.kept[i].path};
  for (const auto& group : left.groups) {
    ListeningSockets::Group one{group.asked, group.bound, group.transparent, {}, 0};
    for (const int slot : group.slots) one.slots.emplace_back(slot);
    sockets_.restore(std::move(one));
  }
  for (const auto& one : left.generations) {
    auto part = std::make_unique<GenerationPart>();
    part->number = one.number;
    part->child = {one.pid, Channel(Fd(one.channel))};
    part->state = one.state;
    part->since = time(one.since_ns);
    part->limits.workers = one.workers;
    part->limits.drain_ms = one.drain_ms;
    part->limits.stop_ms = one.stop_ms;
    part->board.reset(one.board);
    part->plugins.reset(one.plugins);
    for (const int question : one.questions) part->questions.emplace_back(Fd(question));
    if (one.state != GenerationState::serving) {
      part->kill_at = clock_.now() + Milliseconds(one.drain_ms);
    } else {
      for (const auto& group : left.groups) part->listeners.insert(group.asked);
    }
    roster_.add(std::move(part));
  }
  for (const auto& one : left.admins) {
    auto part = std::make_unique<AdminPart>();
    part->child = {one.pid, Channel(Fd(one.channel))};
    part->state = one.leaving ? AdminPart::State::leaving : AdminPart::State::serving;
    part->gone = true;
    part->since = clock_.now();
    if (one.leaving) part->kill_at = clock_.now() + kPatience;
    roster_.add(std::move(part));
  }
  for (const auto& board : left.finished)
    finished_.push_back({board.number, Fd(board.board), clock_.now(), false});
  for (const std::string& word : left.quarantined) record_.quarantine(word);
  return prepare();
}

}  // namespace hyalite

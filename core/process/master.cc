// The master: its loop.
// SPDX-License-Identifier: MIT
#include "process/master.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "process/memory_file.h"
#include "process/refusals_memory.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr int kExitInOrder = 0;
constexpr int kExitFailed = 1;
// While something has a deadline.
constexpr int kTickMs = 50;
// An admin process reads the settings and opens sockets.
constexpr Milliseconds kAdminPrepares = Seconds{10};
constexpr Milliseconds kDefaultStop = Seconds{10};
// More than what a channel's queue holds of one who is dead.
constexpr int kLastWords = 16'384;

bool waits_for_go(const AdminPart& part) {
  return part.state == AdminPart::State::serving && !part.gone;
}

void unlink_socket(const std::string& path) {
  struct stat status {};
  if (!path.empty() && ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
    ::unlink(path.c_str());
}

}  // namespace

Master::Master(MasterOptions options, Log& log)
    : options_(std::move(options)),
      log_(log),
      notifier_(options_.notify_socket),
      started_(clock_.wall_time()) {}

int Master::run() {
  int life[2];
  if (::pipe2(life, O_CLOEXEC) != 0) {
    log_.error("master.failed", {{"why", Error::system(Fault::us, "pipe", errno).text}});
    return kExitFailed;
  }
  life_read_.reset(life[0]);
  life_write_.reset(life[1]);
  totals_.reset(::memfd_create("hyalite-totals", MFD_CLOEXEC));
  refusals_ = refusals_memory();
  if (auto prepared = prepare(); !prepared) {
    log_.error("master.failed", {{"why", prepared.error().text}});
    return kExitFailed;
  }
  begin_change(Cause::start, read_settings_text(), {});
  return live();
}

Result<void> Master::prepare() {
  // Workers whose generation died become our children, not init's.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return Error::system(Fault::us, "prctl", errno);
  std::signal(SIGPIPE, SIG_IGN);
  auto signals = SignalReader::open({SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGCHLD});
  if (!signals) return signals.error();
  signals_ = std::move(*signals);
  return {};
}

int Master::live() {
  while (!status_) {
    wait();
    tick();
    if (picture_old_) send_picture();
  }
  return finish();
}

int Master::finish() {
  for (const KeptListener& kept : kept_) unlink_socket(kept.path);
  // Our end of the life pipe: whoever is left sees it and exits. A service manager would kill who
  // outlives us.
  life_write_.reset();
  const Monotonic latest = clock_.now() + kPatience;
  for (pid_t pid = 0; pid >= 0 && clock_.now() < latest;) {
    pid = ::waitpid(-1, nullptr, WNOHANG);
    pollfd ended = {signals_.fd(), POLLIN, 0};
    if (pid == 0 && ::poll(&ended, 1, kTickMs) > 0) (void)signals_.next();
  }
  return *status_;
}

void Master::wait() {
  std::vector<pollfd> watched = {{signals_.fd(), POLLIN, 0}};
  const auto watch = [&](int fd) {
    if (fd >= 0) watched.push_back({fd, POLLIN, 0});
  };
  const auto watch_part = [&](const auto& part) {
    watch(part->child.channel.fd());
    watch(part->denials.fd());
  };
  std::for_each(roster_.generations().begin(), roster_.generations().end(), watch_part);
  std::for_each(roster_.admins().begin(), roster_.admins().end(), watch_part);
  if (upgrade_) watch(upgrade_->checker.channel.fd());
  if (::poll(watched.data(), watched.size(), restless() ? kTickMs : -1) < 0) return;
  for (std::size_t i = 1; i < watched.size(); ++i) {
    if (watched[i].revents != 0) on_readable(watched[i].fd, Channel::kInARow);
  }
  while (const auto signal = signals_.next()) on_signal(*signal);
}

// Is anything waiting for a time to come?
bool Master::restless() const {
  const auto hurried = [](const auto& part) { return part->kill_at.has_value(); };
  const auto preparing = [](const auto& part) {
    return part->state == AdminPart::State::preparing || waits_for_go(*part);
  };
  const auto untold = [](const FinishedBoard& board) { return !board.told; };
  return replace_at_ || admin_at_ || bring_at_ || upgrade_ || stopping_ || picture_old_ ||
         !unsaid_.empty() ||
         std::any_of(roster_.generations().begin(), roster_.generations().end(), hurried) ||
         std::any_of(roster_.admins().begin(), roster_.admins().end(), hurried) ||
         std::any_of(roster_.admins().begin(), roster_.admins().end(), preparing) ||
         std::any_of(finished_.begin(), finished_.end(), untold);
}

void Master::on_readable(int fd, int most) {
  for (auto& part : roster_.generations()) {
    if (part->denials.fd() != fd) continue;
    const LoadNote* note = part->load_note();
    return on_denied(part->denials, "generation " + std::to_string(part->number), part->child,
                     note == nullptr ? LoadNote::Running() : note->running());
  }
  for (auto& part : roster_.admins()) {
    if (part->denials.fd() == fd) return on_denied(part->denials, "admin", part->child, {});
  }
  // A part may be gone after each of its messages: look it up again.
  const auto next = [&](const auto& handle) {
    for (auto& part : roster_.generations()) {
      if (part->child.channel.fd() == fd)
        return handle(part->child.channel,
                      [&](Received m) { on_generation_message(*part, std::move(m)); });
    }
    for (auto& part : roster_.admins()) {
      if (part->child.channel.fd() == fd)
        return handle(part->child.channel,
                      [&](Received m) { on_admin_message(*part, std::move(m)); });
    }
    if (upgrade_ && upgrade_->checker.channel.fd() == fd) {
      return handle(upgrade_->checker.channel, [&](Received m) { on_checker_message(m); });
    }
    return false;
  };
  const auto take_one = [](Channel& channel, const auto& take) {
    auto received = channel.receive();
    if (received && !*received) return false;
    // It is going, and reap() tells how; or it goes, as what we did not get is what it waits for.
    if (!received || (*received)->cut) {
      channel.close();
      return false;
    }
    take(std::move(**received));
    return true;
  };
  while (most-- > 0 && next(take_one)) {
  }
}

void Master::on_signal(int signal) {
  switch (signal) {
    case SIGCHLD:
      return reap();
    case SIGHUP:
      return ask_reload({});
    case SIGUSR2:
      return ask_upgrade({});
    case SIGUSR1:
      for (const auto& part : roster_.generations()) (void)part->child.channel.send(Reopen{});
      log_.info("master.reopen");
      return;
    default:
      return begin_stop(stopping_);
  }
}

void Master::reap() {
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (upgrade_ && upgrade_->checker.pid == pid) {
      on_readable(upgrade_->checker.channel.fd(), kLastWords);
      on_checker(status);
      continue;
    }
    // What it still said comes first, and may bring new parts into the lists.
    if (const int fd = roster_.channel_of(pid); fd >= 0) on_readable(fd, kLastWords);
    // Everybody else is a worker whose generation died.
    if (const auto ended = roster_.take_generation(pid)) {
      on_generation_ended(*ended, status);
    } else if (const auto page = roster_.take_admin(pid)) {
      on_admin_ended(*page, status);
    }
  }
}

void Master::tick() {
  const Monotonic now = clock_.now();
  for (const auto& part : roster_.generations()) {
    if (part->kill_at && now >= *part->kill_at) ::kill(part->child.pid, SIGKILL);
  }
  for (const auto& part : roster_.admins()) {
    const bool late =
        part->state == AdminPart::State::preparing && now - part->since > kAdminPrepares;
    const bool overdue = part->kill_at && now >= *part->kill_at && !is_awaited(*part);
    if (late || overdue) ::kill(part->child.pid, SIGKILL);
    if (waits_for_go(*part)) let_serve(*part);
  }
  std::erase_if(unsaid_, [this](const Unsaid& outcome) { return say(outcome, nullptr); });
  for (FinishedBoard& board : finished_) {
    if (!board.told && now >= board.finished_at) fold(board.number);
  }
  if (stopping_) {
    if (roster_.generations().empty() && !status_) status_ = kExitInOrder;
    return;
  }
  if (checker_is_late()) end_late_checker();
  if (replace_at_ && now >= *replace_at_) replace_dead();
  if (admin_at_ && now >= *admin_at_) replace_admin();
  if (bring_at_ && now >= *bring_at_) bring_what_waits();
}

void Master::begin_stop(bool at_once) {
  const GenerationPart* current = roster_.serving();
  const Milliseconds patience = at_once              ? Milliseconds{0}
                                : current != nullptr ? Milliseconds(current->limits.stop_ms)
                                                     : kDefaultStop;
  if (!stopping_) {
    log_.info("master.stopping");
    // Generations are killed so long after their deadline, and who is left is waited for as long.
    notifier_.stopping(patience + 2 * kPatience);
  }
  stopping_ = true;
  replace_at_.reset();
  admin_at_.reset();
  bring_at_.reset();
  if (upgrade_) ::kill(upgrade_->checker.pid, SIGKILL);
  // Nobody accepts any more: what fails open or closed by the rules does so now.
  sockets_.close_all();
  for (const auto& part : roster_.generations())
    end(*part, part->state == GenerationState::loading ? Milliseconds{0} : patience);
}

// Somebody waits at this admin process for what becomes of a command.
bool Master::is_awaited(const AdminPart& part) const {
  const auto asks = [&](const std::vector<Asker>& askers) {
    return std::any_of(askers.begin(), askers.end(),
                       [&](const Asker& asker) { return asker.admin == part.child.pid; });
  };
  return (change_ && asks(change_->askers)) || (upgrade_ && asks(upgrade_->askers)) ||
         asks(waiting_.reloads) || asks(waiting_.upgrades);
}

Result<Fd> Master::read_settings_text() const {
  const auto text = read_settings_file(options_.settings_file, kMaxSettingsFileBytes);
  if (!text) return text.error();
  return sealed_text(*text, "hyalite-settings");
}

void Master::set_state(GenerationPart& part, GenerationState state) {
  part.state = state;
  part.since = clock_.wall_time();
  picture_old_ = true;
}

}  // namespace hyalite

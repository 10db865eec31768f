// The master: its loop, and what the other processes say.
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
// How long after its own deadline a part of the service is waited for.
constexpr Milliseconds kPatience = Seconds{5};
// Boards whose counts nobody could add up yet.
constexpr std::size_t kMostFinished = 64;

void unlink_socket(const std::string& path) {
  struct stat status {};
  if (!path.empty() && ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
    ::unlink(path.c_str());
}

// Out of the list; null when nobody there has this pid.
template <class Part>
std::unique_ptr<Part> take_out(std::vector<std::unique_ptr<Part>>& parts, pid_t pid) {
  const auto it = std::find_if(parts.begin(), parts.end(),
                               [pid](const auto& part) { return part->child.pid == pid; });
  if (it == parts.end()) return nullptr;
  auto part = std::move(*it);
  parts.erase(it);
  return part;
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
  // Our end of the life pipe: whoever is left sees it and exits. A service manager would kill who outlives us.
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
  std::for_each(generations_.begin(), generations_.end(), watch_part);
  std::for_each(admins_.begin(), admins_.end(), watch_part);
  if (upgrade_) watch(upgrade_->checker.channel.fd());
  if (::poll(watched.data(), watched.size(), restless() ? kTickMs : -1) < 0) return;
  for (std::size_t i = 1; i < watched.size(); ++i) {
    if (watched[i].revents != 0) on_readable(watched[i].fd);
  }
  while (const auto signal = signals_.next()) on_signal(*signal);
}

// Is anything waiting for a time to come?
bool Master::restless() const {
  const auto hurried = [](const auto& part) { return part->kill_at.has_value(); };
  const auto preparing = [](const auto& part) {
    return part->state == AdminPart::State::preparing;
  };
  const auto untold = [](const FinishedBoard& board) { return !board.told; };
  return replace_at_ || admin_at_ || stopping_ || picture_old_ ||
         std::any_of(generations_.begin(), generations_.end(), hurried) ||
         std::any_of(admins_.begin(), admins_.end(), hurried) ||
         std::any_of(admins_.begin(), admins_.end(), preparing) ||
         std::any_of(finished_.begin(), finished_.end(), untold);
}

void Master::on_readable(int fd) {
  for (auto& part : generations_) {
    if (part->denials.fd() != fd) continue;
    const LoadNote* note = part->load_note();
    return on_denied(part->denials, "generation " + std::to_string(part->number), part->child,
                     note == nullptr ? LoadNote::Running() : note->running());
  }
  for (auto& part : admins_) {
    if (part->denials.fd() == fd) return on_denied(part->denials, "admin", part->child, {});
  }
  // A part may be gone after each of its messages: look it up again.
  const auto next = [&](const auto& handle) {
    for (auto& part : generations_) {
      if (part->child.channel.fd() == fd)
        return handle(part->child.channel,
                      [&](Received m) { on_generation_message(*part, std::move(m)); });
    }
    for (auto& part : admins_) {
      if (part->child.channel.fd() == fd)
        return handle(part->child.channel,
                      [&](Received m) { on_admin_message(*part, std::move(m)); });
    }
    if (upgrade_ && upgrade_->checker.channel.fd() == fd) {
      return handle(upgrade_->checker.channel, [&](Received m) {
        if (auto failure = told_failure(m)) upgrade_->failure = std::move(failure);
        const auto ready = m.as<Ready>();
        upgrade_->fine = ready && ready->state_format == kStateFormat;
      });
    }
    return false;
  };
  while (next([](Channel& channel, const auto& take) {
    auto received = channel.receive();
    if (!received) channel.close();  // it is going; reap() tells how
    if (!received || !*received) return false;
    take(std::move(**received));
    return true;
  })) {
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
      for (const auto& part : generations_) (void)part->child.channel.send(Reopen{});
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
      on_readable(upgrade_->checker.channel.fd());
      on_checker(status);
      continue;
    }
    // What it still said comes first, and may bring new parts into the lists.
    if (const int fd = channel_of(pid); fd >= 0) on_readable(fd);
    // Everybody else is a worker whose generation died.
    if (const auto ended = take_out(generations_, pid)) {
      on_generation_ended(*ended, status);
    } else if (const auto page = take_out(admins_, pid)) {
      on_admin_ended(*page, status);
    }
  }
}

void Master::tick() {
  const Monotonic now = clock_.now();
  for (const auto& part : generations_) {
    if (part->kill_at && now >= *part->kill_at) ::kill(part->child.pid, SIGKILL);
  }
  for (const auto& part : admins_) {
    const bool late =
        part->state == AdminPart::State::preparing && now - part->since > kAdminPrepares;
    const bool overdue = part->kill_at && now >= *part->kill_at && !is_awaited(*part);
    if (late || overdue) ::kill(part->child.pid, SIGKILL);
  }
  for (FinishedBoard& board : finished_) {
    if (!board.told && now >= board.finished_at) fold(board.number);
  }
  if (stopping_) {
    if (generations_.empty() && !status_) status_ = kExitInOrder;
    return;
  }
  if (replace_at_ && now >= *replace_at_) replace_dead();
  if (admin_at_ && now >= *admin_at_) {
    admin_at_.reset();
    if (!change_ && last_good_) (void)start_admin(last_good_);
  }
}

void Master::begin_stop(bool at_once) {
  if (!stopping_) {
    log_.info("master.stopping");
    notifier_.stopping();
  }
  stopping_ = true;
  replace_at_.reset();
  admin_at_.reset();
  if (upgrade_) ::kill(upgrade_->checker.pid, SIGKILL);
  const GenerationPart* current = serving();
  const Milliseconds patience = at_once              ? Milliseconds{0}
                                : current != nullptr ? Milliseconds(current->limits.stop_ms)
                                                     : kDefaultStop;
  // Nobody accepts any more: what fails open or closed by the rules does so now.
  sockets_.close_all();
  for (const auto& part : generations_)
    end(*part, part->state == GenerationState::loading ? Milliseconds{0} : patience);
}

// ---- what the parts say

void Master::on_generation_message(GenerationPart& part, Received message) {
  if (const auto request = message.as<ListenRequest>()) return answer_listen(part, *request);
  if (const auto death = message.as<WorkerDied>()) return on_worker_died(part, *death);
  if (const auto retired = message.as<WorkerRetired>()) return on_worker_retired(part, *retired);
  if (const auto confined = message.as<Confined>(1))
    return part.denials.begin(std::move(message.fds[0]), *confined);
  if (auto failure = told_failure(message)) {
    part.failure = std::move(failure);
    part.kill_at = clock_.now() + kPatience;
  } else if (const auto prepared = message.as<Prepared>(2); prepared && part.limits.workers == 0) {
    part.limits = *prepared;
    // Its workers have somebody else to ask, which they can have once nobody is here (confinement.h).
    part.denials.end();
    part.board = std::move(message.fds[0]);
    part.plugins = std::move(message.fds[1]);
  } else if (message.as<QuestionEnd>(1) && part.questions.size() < part.limits.workers) {
    part.questions.emplace_back(std::move(message.fds[0]));
    advance();
  } else if (message.as<Ready>() && change_ && change_->generation == part.number) {
    commit(part);
  }
}

void Master::answer_listen(GenerationPart& part, const ListenRequest& request) {
  ListenAnswer answer;
  const auto refuse = [&](const std::string& why) {
    answer.error = FixedText<512>(why);
    (void)part.child.channel.send(answer);
  };
  const auto address = Address::parse(request.address.text());
  if (!address || request.transparent > static_cast<std::uint8_t>(Transparent::no))
    return refuse("odd request");
  if (stopping_) return refuse("the service stops");
  const auto group =
      sockets_.provide(*address, static_cast<Transparent>(request.transparent), request.slots);
  if (!group) return refuse(group.error().text);
  part.listeners.insert(*address);
  answer.slots = static_cast<std::uint32_t>((*group)->slots.size());
  answer.address = FixedText<64>((*group)->bound.text());
  for (; answer.slot < answer.slots; ++answer.slot) {
    (void)part.child.channel.send(answer, {(*group)->slots[answer.slot].get()});
  }
}

void Master::remember(FaultPicture fault) {
  fault.at_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                    clock_.wall_time().time_since_epoch())
                    .count();
  if (faults_.size() == Picture::kMostFaults) faults_.pop_front();
  faults_.push_back(fault);
  picture_old_ = true;
}

// Whoever asked waits for the answer.
void Master::on_denied(Denials& denials, const std::string& part, const Child& child,
                       const LoadNote::Running& running) {
  const auto denied = denials.answer_one(clock_.now());
  if (!denied) return;
  ++denied_[static_cast<std::size_t>(denied->call.kind)];
  picture_old_ = true;
  if (!denied->to_say) return;
  log_.warning("seccomp.denied", {{"part", part},
                                  {"pid", std::to_string(child.pid)},
                                  {"call", denied->call.name},
                                  {"times", std::to_string(*denied->to_say)},
                                  {"plugin", running.instance.empty() ? "none" : running.instance},
                                  {"hook", running.hook.empty() ? "none" : running.hook}});
}

void Master::on_worker_retired(const GenerationPart& part, const WorkerRetired& retired) {
  remember({0, part.number, retired.worker, retired.pid, DeathCause::memory, {}, {},
            FixedText<48>("took " + std::to_string(retired.bytes) + " bytes")});
}

void Master::on_worker_died(const GenerationPart& part, const WorkerDied& death) {
  ++worker_deaths_;
  remember({0, part.number, death.worker, death.pid, death.cause, death.instance, death.hook,
            death.how});
  const std::string instance = death.instance.text();
  const auto advice = record_.on_death(instance, death.build.text(), clock_.now());
  if (stopping_ || advice == CrashRecord::Advice::go_on) return;
  if (advice == CrashRecord::Advice::quarantine) {
    log_.error("plugin.quarantined", {{"plugin", instance}, {"hook", death.hook.text()}});
  } else {
    log_.error("master.crashes", {{"why", "workers died too often: a fresh generation"}});
  }
  const Cause cause =
      advice == CrashRecord::Advice::quarantine ? Cause::quarantine : Cause::crashes;
  // A generation that is being loaded already does not know yet what was learned now.
  if (change_ || upgrade_) {
    if (waiting_.change != Cause::quarantine) waiting_.change = cause;
    return;
  }
  if (last_good_) begin_change(cause, Fd(::fcntl(last_good_.get(), F_DUPFD_CLOEXEC, 0)), {});
}

void Master::on_generation_ended(GenerationPart& part, int status) {
  picture_old_ = true;
  const bool changing = change_ && change_->generation == part.number;
  if (part.board) {
    // Workers that served already drain by themselves.
    const bool began = changing && change_->gone;
    if (began) tell_who_stays(part);
    const bool orphans = began || part.state == GenerationState::serving;
    const Milliseconds drain =
        orphans && !stopping_ ? Milliseconds(part.limits.drain_ms) : Milliseconds{0};
    if (finished_.size() >= kMostFinished) finished_.erase(finished_.begin());
    finished_.push_back({part.number, std::move(part.board), clock_.now() + drain, false});
  }
  if (changing) return fail_change(part.failure ? *part.failure : loading_died(part, status));
  if (part.state != GenerationState::serving || stopping_) {
    log_.info("generation.ended", {{"generation", std::to_string(part.number)}});
    return;
  }
  ++generation_deaths_;
  log_.error(
      "generation.died",
      {{"generation", std::to_string(part.number)},
       {"status", std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))}});
  const auto lived = clock_.wall_time() - part.since;
  replace_at_ =
      clock_.now() + generation_backoff_.after(std::chrono::duration_cast<Milliseconds>(lived));
}

void Master::on_admin_message(AdminPart& part, Received message) {
  if (const auto command = message.as<Command>()) return on_command(part, *command);
  if (const auto confined = message.as<Confined>(1))
    return part.denials.begin(std::move(message.fds[0]), *confined);
  if (auto failure = told_failure(message)) {
    part.failure = std::move(failure);
    part.kill_at = clock_.now() + kPatience;
    return;
  }
  if (const auto folded = message.as<Folded>(); folded && part.state == AdminPart::State::serving) {
    std::erase_if(finished_,
                  [&](const FinishedBoard& board) { return board.number == folded->generation; });
    return;
  }
  const std::size_t sent = message.fds.size();
  const auto kept = message.as<Kept>(sent);
  if (!kept || part.state != AdminPart::State::preparing) return;
  if (static_cast<std::size_t>(std::count_if(kept->present.begin(), kept->present.end(),
                                             [](auto p) { return p != 0; })) != sent)
    return;
  for (std::size_t i = 0, next = 0; i < kKeptSockets; ++i) {
    if (kept->present[i] != 0)
      part.listeners[i] = {std::move(message.fds[next++]), kept->paths[i].text()};
  }
  part.state = AdminPart::State::prepared;
  if (change_ && change_->admin == part.child.pid) return advance();
  admit(part);
}

void Master::on_command(AdminPart& part, const Command& command) {
  const std::vector<Asker> asker = {{part.child.pid, command.number}};
  switch (command.kind) {
    case CommandKind::reload:
      return ask_reload(asker);
    case CommandKind::release:
      record_.release_all();
      return ask_reload(asker);
    case CommandKind::upgrade:
      return ask_upgrade(asker);
    case CommandKind::reopen:
      on_signal(SIGUSR1);
      return answer(asker, true, {"files are opened again\n"});
  }
  answer(asker, false, {"the master does not know this command\n"});
}

void Master::on_admin_ended(AdminPart& part, int status) {
  if (change_ && change_->admin == part.child.pid) {
    const Error died{Fault::us, "the admin process died while it was prepared"};
    return fail_change(part.failure ? *part.failure : Failure::of(died, options_.settings_file));
  }
  if (part.state == AdminPart::State::leaving || stopping_) return;
  log_.error("admin.died",
             {{"why", part.failure ? part.failure->text : "status " + std::to_string(status)}});
  const auto lived = std::chrono::duration_cast<Milliseconds>(clock_.now() - part.since);
  admin_at_ = clock_.now() + admin_backoff_.after(lived);
}

void Master::fold(std::uint64_t number) {
  AdminPart* current = serving_admin();
  if (current == nullptr) return;
  BoardFinished message;
  message.generation = number;
  if (!current->child.channel.send(message)) return;
  for (FinishedBoard& board : finished_) board.told |= board.number == number;
}

// ---- small questions

GenerationPart* Master::generation(std::uint64_t number) {
  for (const auto& part : generations_) {
    if (part->number == number) return part.get();
  }
  return nullptr;
}

const GenerationPart* Master::serving() const {
  for (const auto& part : generations_) {
    if (part->state == GenerationState::serving) return part.get();
  }
  return nullptr;
}

GenerationPart* Master::serving() {
  return const_cast<GenerationPart*>(std::as_const(*this).serving());
}

// Of a generation or an admin process; -1: it has none.
int Master::channel_of(pid_t pid) {
  for (const auto& part : generations_) {
    if (part->child.pid == pid) return part->child.channel.fd();
  }
  const AdminPart* page = admin(pid);
  return page == nullptr ? -1 : page->child.channel.fd();
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

AdminPart* Master::admin(pid_t pid) {
  for (const auto& part : admins_) {
    if (part->child.pid == pid) return part.get();
  }
  return nullptr;
}

AdminPart* Master::serving_admin() {
  for (const auto& part : admins_) {
    if (part->state == AdminPart::State::serving) return part.get();
  }
  return nullptr;
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

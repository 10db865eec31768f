// The master, from one generation to the next.
// SPDX-License-Identifier: MIT
//
// Both the generation and the admin process of the new settings are prepared; then one serves and
// the other shows; then the old ones go. Until that moment, nothing has changed for anybody.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/text.h"
#include "process/check.h"
#include "process/load_note.h"
#include "process/master.h"

namespace hyalite {

namespace {

// How long an admin process that was replaced may take to send its last answers.
constexpr Milliseconds kAdminLeaves = Seconds{2};
// At least so long between two tries to start one.
constexpr Milliseconds kAdminRest{100};
// And between two to bring what the crashes ask for.
constexpr Milliseconds kBringRest = Seconds{1};
constexpr std::size_t kMostFailureShown = 1'000;

Fd copy_of(const Fd& fd) { return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }

}  // namespace

std::string_view Master::name(Cause cause) {
  constexpr std::string_view kNames[] = {"start",   "reload",     "replace",
                                         "crashes", "quarantine", "upgrade"};
  return kNames[static_cast<std::size_t>(cause)];
}

void Master::ask_reload(std::vector<Asker> askers) {
  if (stopping_) return answer(askers, false, {"the service stops\n"});
  if (change_ || upgrade_) {
    waiting_.reload = true;
    return wait_among(waiting_.reloads, askers);
  }
  notifier_.reloading(clock_.now());
  begin_change(Cause::reload, read_settings_text(), std::move(askers));
}

void Master::wait_among(std::vector<Asker>& waiting, const std::vector<Asker>& askers) {
  if (waiting.size() + askers.size() > Waiting::kMostAskers)
    return answer(askers, false, {"too many wait for this already\n"});
  waiting.insert(waiting.end(), askers.begin(), askers.end());
}

void Master::begin_change(Cause cause, Result<Fd> text, std::vector<Asker> askers) {
  replace_at_.reset();
  bring_at_.reset();
  // What workers died of until now, a fresh generation knows.
  const auto brings = std::exchange(waiting_.change, std::nullopt);
  change_.emplace(Change{cause, 0, -1, std::move(askers), clock_.now(), brings});
  log_.info("change.begins", {{"cause", std::string(name(cause))}});
  if (!text) return fail_change(Failure::of(text.error(), options_.settings_file));
  const auto fresh = start_generation(*text, cause == Cause::start);
  if (!fresh) return fail_change(Failure::of(fresh.error(), options_.settings_file));
  change_->generation = (*fresh)->number;
  const auto page = start_admin(*text);
  if (!page) return fail_change(Failure::of(page.error(), options_.settings_file));
  change_->admin = (*page)->child.pid;
  picture_old_ = true;
}

Result<GenerationPart*> Master::start_generation(const Fd& text, bool first) {
  Fd memory(::memfd_create("hyalite-loading", MFD_CLOEXEC));
  if (!memory || ::ftruncate(memory.get(), sizeof(LoadNote)) != 0)
    return Error::system(Fault::us, "memfd_create", errno);
  auto note = SharedMemory::map(memory.get(), sizeof(LoadNote), false);
  if (!note) return note.error();
  auto part = std::make_unique<GenerationPart>();
  part->number = ++last_number_;
  part->text = copy_of(text);
  part->note = std::move(*note);
  auto child = start_child(kThisProgram, "generation", std::to_string(part->number));
  if (!child) return child.error();
  part->child = std::move(*child);
  set_state(*part, GenerationState::loading);

  Begin begin;
  begin.generation = part->number;
  begin.first = first;
  begin.file = FixedText<4'096>(options_.settings_file);
  begin.user = FixedText<64>(options_.user);
  std::string quarantined;
  for (const std::string& word : record_.words()) quarantined += word + ' ';
  begin.quarantined = FixedText<4'096>(quarantined);
  auto sent = part->child.channel.send(
      begin, {part->text.get(), life_read_.get(), memory.get(), refusals_.get()});
  GenerationPart& started = roster_.add(std::move(part));
  if (!sent) return sent.error();
  return &started;
}

Result<AdminPart*> Master::start_admin(const Fd& text) {
  auto child = start_child(kThisProgram, "admin", "admin");
  if (!child) return child.error();
  auto part = std::make_unique<AdminPart>();
  part->child = std::move(*child);
  part->since = clock_.now();
  AdminPart& started = roster_.add(std::move(part));
  if (auto told = introduce(started, text); !told) {
    dismiss_at_once(started);
    return told.error();
  }
  return &started;
}

Result<void> Master::introduce(const AdminPart& page, const Fd& text) const {
  Begin begin;
  begin.generation = last_number_;
  begin.file = FixedText<4'096>(options_.settings_file);
  begin.user = FixedText<64>(options_.user);
  const Channel& channel = page.child.channel;
  auto sent = channel.send(begin, {text.get(), life_read_.get(), totals_.get(), refusals_.get()});
  return sent ? give_listeners(channel) : sent;
}

Result<void> Master::give_listeners(const Channel& to) const {
  Kept kept;
  std::vector<int> fds;
  for (std::size_t i = 0; i < kKeptSockets; ++i) {
    if (!kept_[i].fd) continue;
    kept.present[i] = 1;
    kept.paths[i] = FixedText<108>(kept_[i].path);
    fds.push_back(kept_[i].fd.get());
  }
  return to.send(kept, fds);
}

void Master::advance() {
  if (!change_ || change_->gone) return;
  GenerationPart* fresh = roster_.generation(change_->generation);
  const AdminPart* page = roster_.admin(change_->admin);
  if (fresh == nullptr || !fresh->prepared() || page == nullptr ||
      page->state != AdminPart::State::prepared)
    return;
  change_->gone = fresh->child.channel.send(Go{}).has_value();
}

// The new workers accept.
void Master::commit(GenerationPart& fresh) {
  Change change = std::move(*change_);
  change_.reset();
  bring_backoff_.begin_anew();
  for (const auto& part : roster_.generations()) {
    if (part->state == GenerationState::serving) retire(*part);
  }
  set_state(fresh, GenerationState::serving);
  fresh.note = SharedMemory();
  last_good_ = copy_of(fresh.text);
  sockets_.settle(fresh.listeners);
  record_.set_limits(
      {{fresh.limits.worker_crashes, Milliseconds(fresh.limits.worker_crashes_within_ms)},
       {fresh.limits.quarantine, Milliseconds(fresh.limits.quarantine_within_ms)}});
  const std::string released = fresh.limits.released.text();
  for (const std::string_view name : split(released, ' ')) record_.release(std::string(name));
  enforce_cap();
  if (change.cause == Cause::reload || change.cause == Cause::upgrade) ++reloads_;
  last_failure_.clear();
  log_.info("accepting", {{"generation", std::to_string(fresh.number)},
                          {"workers", std::to_string(fresh.limits.workers)},
                          {"listeners", sockets_.text()},
                          {"cause", std::string(name(change.cause))}});
  answer(change.askers, true, {summary() + '\n'});
  if (AdminPart* page = roster_.admin(change.admin)) admit(*page);
  after_change();
}

void Master::fail_change(const Failure& failure) {
  Change change = std::move(*change_);
  change_.reset();
  GenerationPart* fresh = roster_.generation(change.generation);
  if (fresh != nullptr && change.gone && !stopping_) {
    // Its workers may have clients already.
    tell_who_stays(*fresh);
    retire(*fresh);
  } else if (fresh != nullptr) {
    end(*fresh, Milliseconds{0});
  }
  if (AdminPart* part = roster_.admin(change.admin)) dismiss_at_once(*part);
  sockets_.go_back();
  last_failure_ = failure.text.substr(0, kMostFailureShown);
  if (change.cause == Cause::reload || change.cause == Cause::upgrade) ++failed_reloads_;
  picture_old_ = true;
  log_.error("change.failed", {{"cause", std::string(name(change.cause))},
                               {"why", std::string(trim(split(failure.text, '\n')[0]))}});
  if (change.cause == Cause::start) {
    status_ = 1;
    return;
  }
  answer(change.askers, false, failure);
  if (change.brings) waiting_.add(*change.brings);
  // Nobody asks for it again (crash_record.h), and what it failed of may pass: not at once, though.
  if (change.cause == Cause::crashes || change.cause == Cause::quarantine) {
    waiting_.add(change.cause);
    bring_at_ = clock_.now() + bring_backoff_.after(Milliseconds{0}) + kBringRest;
  }
  // The one that showed may have died meanwhile, and this change's own is gone. Or it is an earlier program's, which
  // understands no picture of ours.
  const bool none_shows = !admin_at_ && !roster_.has_admin();
  if (none_shows || change.cause == Cause::upgrade) admin_at_ = clock_.now();
  if (roster_.serving() == nullptr && !stopping_) {
    replace_at_ = clock_.now() + generation_backoff_.after(std::chrono::duration_cast<Milliseconds>(
                                     clock_.now() - change.since));
  }
  after_change();
}

void Master::after_change() {
  if (stopping_) return;
  notifier_.ready(summary());
  // Who serves comes before another check.
  const bool replace = replace_at_ && clock_.now() >= *replace_at_ && roster_.serving() == nullptr;
  if (waiting_.upgrade && replace) return replace_dead();
  // What the crashes ask for stays: a reload or an upgrade brings it, unless it is refused.
  Waiting waiting = std::exchange(waiting_, {{}, {}, false, false, waiting_.change});
  if (waiting.upgrade) ask_upgrade(std::move(waiting.upgrades));
  if (waiting.reload) return ask_reload(std::move(waiting.reloads));
  if (!bring_at_) bring_what_waits();
}

// One who replaces a generation that died brings it, too.
void Master::bring_what_waits() {
  if (!waiting_.change || change_ || upgrade_ || roster_.serving() == nullptr) return;
  begin_change(*std::exchange(waiting_.change, std::nullopt), copy_of(last_good_), {});
}

// The serving generation died. Its settings were good. While something else is under way this waits for how that ends: who
// checks for an upgrade is given up.
void Master::replace_dead() {
  // One that was found fine is about to bring who serves.
  if (upgrade_ && !upgrade_->fine && roster_.serving() == nullptr)
    give_up_checker("no generation serves, and one comes first; the running program goes on. Upgrade again");
  if (change_ || upgrade_) return;
  replace_at_.reset();
  if (roster_.serving() != nullptr) return;
  begin_change(Cause::replace, copy_of(last_good_), {});
}

// The admin process died. One that cannot be started now is tried again; what is under way brings one of its own, or fails.
void Master::replace_admin() {
  if (change_ || !last_good_) return;
  admin_at_.reset();
  if (auto started = start_admin(last_good_); !started) {
    log_.error("admin.not_started", {{"why", started.error().text}});
    admin_at_ = clock_.now() + admin_backoff_.after(Milliseconds{0}) + kAdminRest;
  }
}

void Master::retire(GenerationPart& part) {
  set_state(part, GenerationState::draining);
  (void)part.child.channel.send(Drain{});
  part.kill_at = clock_.now() + Milliseconds(part.limits.drain_ms) + kPatience;
}

void Master::end(GenerationPart& part, Milliseconds deadline) {
  set_state(part, GenerationState::ending);
  Stop stop;
  stop.deadline_ms = static_cast<std::uint64_t>(deadline.count());
  (void)part.child.channel.send(stop);
  const Monotonic latest = clock_.now() + deadline + kPatience;
  part.kill_at = std::min(part.kill_at.value_or(latest), latest);
}

void Master::enforce_cap() {
  const GenerationPart* current = roster_.serving();
  const std::size_t most = current == nullptr ? 0 : current->limits.draining_generations;
  std::size_t draining = 0;
  const auto& generations = roster_.generations();
  for (auto part = generations.rbegin(); part != generations.rend(); ++part) {
    if ((*part)->state != GenerationState::draining || ++draining <= most) continue;
    log_.warning("generation.cut", {{"generation", std::to_string((*part)->number)},
                                    {"why", "limits.draining_generations is reached"}});
    end(**part, Milliseconds{0});
  }
}

// From now on this admin process shows, and the others leave. Go comes last: the first who asks is to see everything.
void Master::admit(AdminPart& page) {
  // Who asks now waits a moment in the sockets' queues; nobody gets an old answer.
  dismiss_other_admins(page);
  admin_at_.reset();
  page.state = AdminPart::State::serving;
  apply(page.log, log_);
  kept_ = {};
  for (std::size_t i = 0; i < kKeptSockets; ++i)
    kept_[i] = {copy_of(page.listeners[i].fd), page.listeners[i].path};
  // The newest first: when there is not room for all, there is for the one that serves.
  const auto& generations = roster_.generations();
  for (auto part = generations.rbegin(); part != generations.rend(); ++part) {
    if ((*part)->board) tell_board(page, (*part)->number, (*part)->board, (*part)->plugins);
    tell_questions(page, **part);
  }
  for (FinishedBoard& finished : finished_) {
    tell_board(page, finished.number, finished.board, finished.board);
    finished.told = false;
  }
  send_picture();
  let_serve(page);
}

// What it was told before may have filled its queue: then again at the next tick.
void Master::let_serve(AdminPart& page) {
  page.gone = page.child.channel.send(Go{}).has_value();
}

void Master::tell_board(const AdminPart& page, std::uint64_t number, const Fd& board,
                        const Fd& plugins) {
  AddBoard message;
  message.generation = number;
  if (auto sent = page.child.channel.send(message, {board.get(), plugins.get()}); !sent)
    on_untold(number, sent.error());
}

void Master::tell_questions(const AdminPart& page, const GenerationPart& part) {
  AddQuestions message;
  message.generation = part.number;
  for (const Channel& end : part.questions) {
    if (auto sent = page.child.channel.send(message, {end.fd()}); !sent)
      return on_untold(part.number, sent.error());
    ++message.worker;
  }
}

// What workers count that began to serve in a change that failed is not lost.
void Master::tell_who_stays(const GenerationPart& failed) {
  const AdminPart* page = roster_.serving_admin();
  if (page != nullptr && failed.board)
    tell_board(*page, failed.number, failed.board, failed.plugins);
}

void Master::on_untold(std::uint64_t number, const Error& error) {
  log_.error("admin.untold", {{"generation", std::to_string(number)}, {"why", error.text}});
}

void Master::dismiss_other_admins(const AdminPart& but) {
  for (const auto& part : roster_.admins()) {
    const bool comes_next = change_ && change_->admin == part->child.pid;
    if (part.get() == &but || comes_next || part->state == AdminPart::State::leaving) continue;
    part->state = AdminPart::State::leaving;
    Stop stop;
    stop.deadline_ms = static_cast<std::uint64_t>(kAdminLeaves.count());
    (void)part->child.channel.send(stop);
    part->kill_at = clock_.now() + kAdminLeaves + kPatience;
  }
}

void Master::dismiss_at_once(AdminPart& page) {
  page.state = AdminPart::State::leaving;
  ::kill(page.child.pid, SIGKILL);
}

// It said nothing before it ended: what was it doing?
Failure Master::loading_died(const GenerationPart& part, int status) const {
  return died_loading(part.load_note(), status, options_.settings_file);
}

void Master::answer(const std::vector<Asker>& askers, bool done, const Failure& text) {
  for (const Asker& asker : askers) {
    AdminPart* part = roster_.admin(asker.admin);
    if (part == nullptr) continue;
    const Unsaid outcome{asker, done};
    if (!say(outcome, &text) && unsaid_.size() < Waiting::kMostAskers) unsaid_.push_back(outcome);
    // It stayed for this.
    if (part->state == AdminPart::State::leaving)
      part->kill_at = clock_.now() + kAdminLeaves + kPatience;
  }
}

// How it went is more than nothing: whoever asked waits for it. Nobody waits at a process that is gone.
bool Master::say(const Unsaid& outcome, const Failure* text) const {
  const AdminPart* part = roster_.admin(outcome.asker.admin);
  if (part == nullptr) return true;
  Outcome message;
  message.command = outcome.asker.command;
  message.done = outcome.done;
  const Channel& channel = part->child.channel;
  return (text != nullptr && tell(channel, message, *text)) || channel.send(message).has_value();
}

void Master::send_picture() {
  const AdminPart* page = roster_.serving_admin();
  // One that is too busy to take it gets it at the next tick.
  picture_old_ = page != nullptr && !page->child.channel.send(picture());
}

Picture Master::picture() const {
  Picture picture;
  const auto ns = [](WallTime time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  };
  picture.master_pid = ::getpid();
  picture.started_ns = ns(started_);
  for (const GenerationPart* part : roster_.newest(Picture::kMostGenerations)) {
    GenerationPicture& one = picture.generation[picture.generations++];
    one.number = part->number;
    one.pid = part->child.pid;
    one.state = part->state;
    one.workers = part->limits.workers;
    one.since_ns = ns(part->since);
  }
  picture.worker_deaths = worker_deaths_;
  picture.generation_deaths = generation_deaths_;
  picture.reloads = reloads_;
  picture.failed_reloads = failed_reloads_;
  picture.last_failure = FixedText<1'024>(last_failure_);
  std::string quarantined;
  for (const auto& [instance, build] : record_.quarantined())
    quarantined += (quarantined.empty() ? "" : " ") + instance;
  picture.quarantined = FixedText<4'096>(quarantined);
  picture.listening = FixedText<2'048>(sockets_.text());
  picture.denied = denied_;
  picture.faults = static_cast<std::uint32_t>(faults_.size());
  std::copy(faults_.begin(), faults_.end(), picture.fault.begin());
  return picture;
}

// One line for people and service managers.
std::string Master::summary() const {
  const GenerationPart* current = roster_.serving();
  if (current == nullptr) return "no generation serves";
  std::string text = "generation " + std::to_string(current->number) + " serves with " +
                     std::to_string(current->limits.workers) +
                     (current->limits.workers == 1 ? " worker on " : " workers on ") +
                     sockets_.text();
  const std::size_t draining = roster_.draining();
  if (draining > 0) text += ", " + std::to_string(draining) + " draining";
  if (!last_failure_.empty()) text += "; the last change failed";
  return text;
}

}  // namespace hyalite

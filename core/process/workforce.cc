// The workers of a generation: forks them, buries them, replaces them.
// SPDX-License-Identifier: MIT
#include "process/workforce.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include "plugin/hook.h"
#include "process/child.h"
#include "process/worker.h"
#include "process/worker_note.h"

namespace hyalite {

namespace {

constexpr std::string_view kCauses[] = {"crash", "hang", "exit", "killed"};
// A worker that lived shorter than this died quickly; the first of a row of quick deaths are still replaced at once.
constexpr Milliseconds kQuick = Seconds{1};
constexpr unsigned kQuickDeathsForgiven = 3;
constexpr Milliseconds kFirstPause{50}, kLongestPause = Seconds{5};
// How long after its deadline a worker that drains is waited for.
constexpr Milliseconds kPatience = Seconds{3};

std::int64_t coarse_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string how(int status) {
  if (WIFSIGNALED(status)) return std::string("signal ") + ::strsignal(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

// Signals that a process brings upon itself; the others came from outside.
bool is_crash(int status) {
  if (!WIFSIGNALED(status)) return false;
  constexpr std::array kOwn = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};
  return std::find(kOwn.begin(), kOwn.end(), WTERMSIG(status)) != kOwn.end();
}

DeathCause cause_of(int status, bool hung) {
  if (hung) return DeathCause::hang;
  if (is_crash(status)) return DeathCause::crash;
  return WIFSIGNALED(status) ? DeathCause::killed : DeathCause::exit;
}

Milliseconds pause_after(unsigned quick_deaths) {
  if (quick_deaths <= kQuickDeathsForgiven) return Milliseconds{0};
  const unsigned doublings = std::min(quick_deaths - kQuickDeathsForgiven - 1, 10u);
  return std::min(kFirstPause * (1u << doublings), kLongestPause);
}

}  // namespace

WorkforceCounts WorkforceCounts::declare(Layout& layout, const Settings& settings) {
  WorkforceCounts counts;
  counts.starts = layout.counter("hyalite_worker_starts_total", "Worker processes that were started.");
  counts.deaths = layout.counters("hyalite_worker_deaths_total", "Worker processes that ended unasked.", "cause", kCauses);
  const MetricFamily faults{"hyalite_plugin_faults_total",
                            "Worker processes that ended while this plugin's code was running.", MetricKind::counter, 1, {}};
  for (const PluginSettings& plugin : settings.plugins) {
    std::optional<Cell> first;
    for (const std::string_view cause : kCauses) {
      const auto cell = layout.declare(faults, {{"instance", plugin.name}, {"cause", std::string(cause)}});
      if (cell && !first) first = *cell;
    }
    counts.faults.push_back(first.value_or(Cell{}));
  }
  counts.notes = layout.worker_region(kWorkerNotes, sizeof(WorkerNote));
  counts.calls = layout.worker_region(kCallSlots, sizeof(CallSlot));
  counts.upstreams = layout.region(kUpstreams, LoopTable::bytes_for(settings.limits.flows));
  return counts;
}

Workforce::Workforce(const WorkforceNeeds& needs, WorkforceOwner& owner)
    : needs_(needs),
      owner_(owner),
      upstreams_(needs.board.region(needs.counts.upstreams)),
      members_(needs.board.workers()) {
  for (Member& member : members_) {
    if (auto ends = Channel::pair()) std::tie(member.asked, member.asker) = std::move(*ends);
  }
}

Result<void> Workforce::start(std::vector<ListeningSocket> sockets) {
  sockets_ = std::move(sockets);
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    if (auto forked = fork_worker(worker); !forked) return forked;
  }
  return {};
}

Result<void> Workforce::fork_worker(unsigned worker) {
  auto ends = Channel::pair();
  if (!ends) return ends.error();
  const pid_t pid = ::fork();
  if (pid < 0) return Error::system(Fault::us, "cannot fork a worker", errno);
  if (pid == 0) {
    // With the generation's end in our own hands we would never see it close.
    ends->first.close();
    become_worker(worker, std::move(ends->second));
  }

  Member& member = members_[worker];
  member.pid = pid;
  member.orders = std::move(ends->first);
  member.started = member.hung = false;
  member.since = needs_.clock.now();
  member.replace_at.reset();
  note(worker).pid.store(pid, std::memory_order_relaxed);
  note(worker).started_ns.store(needs_.clock.wall_time().time_since_epoch().count(), std::memory_order_relaxed);
  ++*needs_.board.generation().cell(needs_.counts.starts);
  return {};
}

// The child: nothing of the generation's or of other workers' stays open here.
void Workforce::become_worker(unsigned worker, Channel orders) {
  owner_.on_forked();
  Channel questions = std::move(members_[worker].asked);
  members_.clear();
  listen_to_channels_only();
  run_worker(Inheritance{.generation = needs_.generation,
                         .worker = worker,
                         .workers = needs_.board.workers(),
                         .settings = needs_.settings,
                         .program = needs_.program,
                         .board = needs_.board,
                         .upstreams = upstreams_,
                         .calls = calls(worker),
                         .sockets = sockets_,
                         .orders = std::move(orders),
                         .questions = std::move(questions),
                         .master_life = Fd(needs_.master_life),
                         .log = needs_.log});
}

CallSlot& Workforce::calls(unsigned worker) const {
  return *reinterpret_cast<CallSlot*>(needs_.board.worker_region(needs_.counts.calls, worker).data());
}

WorkerNote& Workforce::note(unsigned worker) const {
  return *reinterpret_cast<WorkerNote*>(needs_.board.worker_region(needs_.counts.notes, worker).data());
}

void Workforce::add_watched(std::vector<pollfd>& watched) const {
  for (const Member& member : members_) {
    if (member.orders) watched.push_back({member.orders.fd(), POLLIN, 0});
  }
}

void Workforce::on_readable(int fd) {
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    if (members_[worker].orders.fd() != fd) continue;
    while (members_[worker].orders) {
      const auto message = members_[worker].orders.receive();
      // It is going; reap() tells how.
      if (!message) return members_[worker].orders.close();
      if (!*message) return;
      on_message(worker, **message);
    }
  }
}

void Workforce::on_message(unsigned worker, const Received& message) {
  if (message.as<WorkerStarted>()) return on_started(worker);
  if (message.type == kWorkerFailed && !all_started_) owner_.on_could_not_start(message.body);
}

void Workforce::on_started(unsigned worker) {
  members_[worker].started = true;
  Release release;
  release.worker = worker;
  if (all_started_) return order_all(release);
  all_started_ = std::all_of(members_.begin(), members_.end(), [](const Member& member) { return member.started; });
  if (all_started_) owner_.on_all_started();
}

// A worker that does not read its orders is hung or dead, and found out in other ways.
void Workforce::order_all(const auto& order) {
  for (const Member& member : members_) {
    if (member.orders) (void)member.orders.send(order);
  }
}

void Workforce::reap(pid_t pid, int status) {
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    if (members_[worker].pid == pid) bury(worker, status);
  }
}

void Workforce::bury(unsigned worker, int status) {
  Member& member = members_[worker];
  // What it still said counts, above all why it could not start.
  if (member.orders) on_readable(member.orders.fd());
  const Blame whose = blame(worker);
  const pid_t pid = std::exchange(member.pid, -1);
  member.orders.close();
  note(worker).pid.store(0, std::memory_order_relaxed);
  calls(worker).instance.store(0, std::memory_order_relaxed);
  upstreams_.clear(worker);
  needs_.board.forget_gauges(worker);
  if (end_by_ && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;

  WorkerDied death;
  death.worker = worker;
  death.pid = pid;
  death.cause = cause_of(status, member.hung);
  if (death.cause != DeathCause::killed) {
    death.instance = FixedText<64>(whose.instance);
    death.hook = FixedText<32>(whose.hook);
    count(death.cause, whose);
  }
  ++*needs_.board.generation().cell(needs_.counts.deaths + static_cast<std::size_t>(death.cause));
  needs_.log.error("worker.died", {{"worker", std::to_string(worker)},
                                   {"pid", std::to_string(pid)},
                                   {"how", how(status)},
                                   {"cause", std::string(kCauses[static_cast<std::size_t>(death.cause)])},
                                   {"plugin", whose.instance.empty() ? "none" : whose.instance},
                                   {"hook", whose.hook.empty() ? "none" : whose.hook}});
  owner_.on_died(death);
  if (end_by_) return;
  if (all_started_) return plan_replacement(worker);
  owner_.on_could_not_start("a worker ended before it served (" + how(status) + ")" +
                            (whose.instance.empty() ? "" : ", in \"" + whose.instance + "\": " + whose.hook));
}

void Workforce::plan_replacement(unsigned worker) {
  Member& member = members_[worker];
  const Monotonic now = needs_.clock.now();
  member.quick_deaths = now - member.since < kQuick ? member.quick_deaths + 1 : 0;
  const Milliseconds pause = pause_after(member.quick_deaths);
  member.replace_at = now + pause;
  if (pause.count() > 0) {
    Adopt adopt;
    adopt.worker = worker;
    order_all(adopt);
    return;
  }
  tick();
}

Workforce::Blame Workforce::blame(unsigned worker) const {
  const CallSlot& slot = calls(worker);
  const std::uint32_t place = slot.instance.load(std::memory_order_relaxed);
  const std::string instance = place == 0 ? "" : needs_.program.instance(place - 1);
  if (instance.empty()) return {};
  const std::uint32_t hook = slot.hook.load(std::memory_order_relaxed);
  return {instance, hook < kHookCount ? name(static_cast<Hook>(hook)) : ""};
}

void Workforce::count(DeathCause cause, const Blame& whose) {
  const auto& plugins = needs_.settings.plugins;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    if (plugins[i].name != whose.instance) continue;
    ++*needs_.board.generation().cell(needs_.counts.faults[i] + static_cast<std::size_t>(cause));
  }
}

void Workforce::tick() {
  const Monotonic now = needs_.clock.now();
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    Member& member = members_[worker];
    if (member.pid > 0) watch_call(worker);
    if (member.pid > 0 && end_by_ && now >= *end_by_) ::kill(member.pid, SIGKILL);
    if (end_by_ || !member.replace_at || now < *member.replace_at) continue;
    if (auto forked = fork_worker(worker); !forked) {
      needs_.log.error("worker.fork", {{"why", forked.error().text}});
      member.replace_at = now + kLongestPause;
      continue;
    }
    note(worker).replaced.fetch_add(1, std::memory_order_relaxed);
  }
}

// The worker's only thread is inside a plugin for too long: nobody in that process can help any more.
void Workforce::watch_call(unsigned worker) {
  Member& member = members_[worker];
  const CallSlot& slot = calls(worker);
  const bool inside = slot.instance.load(std::memory_order_relaxed) != 0;
  const std::int64_t since = inside ? slot.since_ns.load(std::memory_order_relaxed) : 0;
  const auto budget = std::chrono::nanoseconds(needs_.settings.containment.call_budget.act).count();
  const bool overdue = since != 0 && coarse_now_ns() - since >= budget;
  // Seen twice: a single look might have caught the start of one call with the time of another.
  if (std::exchange(member.overdue_since, overdue ? since : 0) != since || !overdue) return;
  // The abort can be caught; the second signal cannot.
  ::kill(member.pid, member.hung ? SIGKILL : SIGABRT);
  member.hung = true;
}

void Workforce::drain() {
  const Milliseconds deadline = needs_.settings.timeouts.drain;
  end_by_ = needs_.clock.now() + deadline + kPatience;
  sockets_.clear();
  order_all(Drain{});
}

void Workforce::stop(Milliseconds deadline) {
  end_by_ = needs_.clock.now() + deadline + kPatience;
  sockets_.clear();
  Stop stop;
  stop.deadline_ms = static_cast<std::uint64_t>(deadline.count());
  order_all(stop);
}

void Workforce::reopen() { order_all(Reopen{}); }

void Workforce::kill() {
  for (const Member& member : members_) {
    if (member.pid > 0) ::kill(member.pid, SIGKILL);
  }
}

bool Workforce::empty() const {
  return std::none_of(members_.begin(), members_.end(), [](const Member& member) { return member.pid > 0; });
}

}  // namespace hyalite

// The workers of a generation: forks them, buries them, replaces them.
// SPDX-License-Identifier: MIT
#include "process/workforce.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "process/child.h"
#include "process/process_memory.h"
#include "process/worker.h"
#include "tls/leaves.h"

namespace hyalite {

namespace {

constexpr std::array kCauses = {DeathCause::crash,  DeathCause::hang,  DeathCause::exit,
                                DeathCause::killed, DeathCause::stall, DeathCause::memory};
// A worker that lived shorter than this died quickly; the first of a row of quick deaths are still
// replaced at once.
constexpr Milliseconds kQuick = Seconds{1};
constexpr unsigned kQuickDeathsForgiven = 3;
constexpr Milliseconds kFirstPause{50}, kLongestPause = Seconds{5};
// How long after its deadline a worker that drains is waited for.
constexpr Milliseconds kPatience = Seconds{3};
constexpr Milliseconds kMemoryEvery{500};
// Of one worker before the next one's turn: who has it in his hands may never stop talking.
constexpr int kInARow = 16;

Milliseconds pause_after(unsigned quick_deaths) {
  if (quick_deaths <= kQuickDeathsForgiven) return Milliseconds{0};
  const unsigned doublings = std::min(quick_deaths - kQuickDeathsForgiven - 1, 10u);
  return std::min(kFirstPause * (1u << doublings), kLongestPause);
}

}  // namespace

WorkforceCounts WorkforceCounts::declare(Layout& layout, const Settings& settings) {
  std::array<std::string_view, kCauses.size()> causes;
  std::transform(kCauses.begin(), kCauses.end(), causes.begin(),
                 [](DeathCause cause) { return name(cause); });
  WorkforceCounts counts;
  counts.starts =
      layout.counter("hyalite_worker_starts_total", "Worker processes that were started.");
  counts.deaths = layout.counters("hyalite_worker_deaths_total",
                                  "Worker processes that ended unasked.", "cause", causes);
  counts.retired = layout.counter("hyalite_workers_retired_total",
                                  "Workers that were replaced because they took too much memory.");
  counts.signers_replaced =
      layout.counter("hyalite_signer_deaths_total",
                     "Processes that sign certificates that died and were replaced.");
  counts.denied = layout.counters(
      "hyalite_denied_calls_total",
      kDeniedCallsHelp, "kind",
      kDeniedKinds);
  counts.leaves = layout.counters("hyalite_leaves_total",
                                  "Certificates for clients: minted, at hand already, waited for "
                                  "with others, or not to be had.",
                                  "how", kLeafCounts);
  const MetricFamily faults{"hyalite_plugin_faults_total",
                            "Worker processes that ended while this plugin's code was running.",
                            MetricKind::counter,
                            1,
                            {}};
  for (const PluginSettings& plugin : settings.plugins) {
    std::optional<Cell> first;
    for (const std::string_view cause : causes) {
      const auto cell =
          layout.declare(faults, {{"instance", plugin.name}, {"cause", std::string(cause)}});
      if (cell && !first) first = *cell;
    }
    counts.faults.push_back(first.value_or(Cell{}));
  }
  counts.notes = layout.worker_region(kWorkerNotes, sizeof(WorkerNote));
  counts.calls = layout.worker_region(kCallSlots, sizeof(CallSlot));
  counts.histories = layout.worker_region(kCallHistories, sizeof(CallHistory));
  counts.pulses = layout.worker_region(kPulses, sizeof(WorkerPulse));
  counts.upstreams = layout.region(kUpstreams, LoopTable::bytes_for(settings.limits.flows));
  return counts;
}

Workforce::Workforce(const WorkforceNeeds& needs, WorkforceOwner& owner)
    : needs_(needs),
      owner_(owner),
      upstreams_(needs.board.region(needs.counts.upstreams)),
      members_(needs.workers) {
  for (Member& member : members_) {
    if (auto ends = Channel::pair()) std::tie(member.asked, member.asker) = std::move(*ends);
  }
}

void Workforce::take_signer_ends(std::vector<Fd> ends) {
  signer_ends_ = std::move(ends);
}

Result<void> Workforce::start(std::vector<ListeningSocket> sockets) {
  sockets_ = std::move(sockets);
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    if (auto forked = fork_worker(worker); !forked) return forked;
  }
  return {};
}

WorkerWindow Workforce::window(unsigned row) const {
  return {&piece<CallSlot>(needs_.counts.calls, row),
          &piece<CallHistory>(needs_.counts.histories, row),
          &piece<WorkerPulse>(needs_.counts.pulses, row)};
}

Result<void> Workforce::fork_worker(unsigned worker) {
  auto ends = Channel::pair();
  if (!ends) return ends.error();
  Member& member = members_[worker];
  const unsigned row = member.retired && member.retired.row == worker ? worker + needs_.workers
                                                                      : worker;
  const std::size_t shared = anonymous_memory(0).value_or(0);
  const pid_t pid = ::fork();
  if (pid < 0) return Error::system(Fault::us, "cannot fork a worker", errno);
  if (pid == 0) {
    // With the generation's end in our own hands we would never see it close.
    ends->first.close();
    become_worker(worker, row, std::move(ends->second));
  }

  WorkerProcess& process = member.current = WorkerProcess{};
  process.pid = pid;
  process.row = row;
  process.orders = std::move(ends->first);
  process.window = window(row);
  process.since = needs_.clock.now();
  process.memory_at_birth = shared;
  process.watchdog.begin(coarse_now_ns());
  member.replace_at.reset();
  note(worker).pid.store(pid, std::memory_order_relaxed);
  note(worker).started_ns.store(needs_.clock.wall_time().time_since_epoch().count(),
                                std::memory_order_relaxed);
  ++*needs_.board.generation().cell(needs_.counts.starts);
  return {};
}

// The child: nothing of the generation's or of other workers' stays open here.
void Workforce::become_worker(unsigned worker, unsigned row, Channel orders) {
  owner_.on_forked();
  Channel questions = std::move(members_[worker].asked);
  Fd signer = row < signer_ends_.size() ? std::move(signer_ends_[row]) : Fd();
  signer_ends_.clear();
  members_.clear();
  listen_to_channels_only();
  run_worker(Inheritance{.generation = needs_.generation,
                         .worker = worker,
                         .workers = needs_.workers,
                         .row = row,
                         .settings = needs_.settings,
                         .program = needs_.program,
                         .board = needs_.board,
                         .upstreams = upstreams_,
                         .calls = piece<CallSlot>(needs_.counts.calls, row),
                         .history = piece<CallHistory>(needs_.counts.histories, row),
                         .pulse = piece<WorkerPulse>(needs_.counts.pulses, row),
                         .sockets = sockets_,
                         .orders = std::move(orders),
                         .questions = std::move(questions),
                         .signer = std::move(signer),
                         .leaf_counts = needs_.counts.leaves,
                         .refusals = needs_.refusals,
                         .master_life = Fd(needs_.master_life),
                         .log = needs_.log});
}

void Workforce::for_each(const auto& visit) {
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    for (WorkerProcess* process : {&members_[worker].current, &members_[worker].retired}) {
      if (*process) visit(worker, *process);
    }
  }
}

void Workforce::add_watched(std::vector<pollfd>& watched) const {
  for (const Member& member : members_) {
    for (const WorkerProcess* process : {&member.current, &member.retired}) {
      if (process->orders) watched.push_back({process->orders.fd(), POLLIN, 0});
      if (process->denials.fd() >= 0) watched.push_back({process->denials.fd(), POLLIN, 0});
    }
  }
}

void Workforce::on_readable(int fd) {
  for_each([&](unsigned worker, WorkerProcess& process) {
    if (process.denials.fd() == fd) return answer_denied(worker, process);
    if (process.orders.fd() == fd) hear_some(worker, process);
  });
}

// The rest is heard in the loop's next pass.
void Workforce::hear_some(unsigned worker, WorkerProcess& process) {
  for (int i = 0; i < kInARow && process.orders; ++i) {
    auto message = process.orders.receive();
    // It is going; reap() tells how.
    if (!message) return process.orders.close();
    if (!*message) return;
    on_message(worker, process, std::move(**message));
  }
}

void Workforce::on_message(unsigned worker, WorkerProcess& process, Received message) {
  if (const auto confined = message.as<Confined>(1)) return process.denials.begin(std::move(message.fds[0]), *confined);
  if (message.as<WorkerStarted>() && !process.started) return on_started(worker);
  if (message.type == kWorkerFailed && !all_started_) owner_.on_could_not_start(message.body);
}

// Its thread waits for the answer: until then, whose code asked can be seen on the board.
void Workforce::answer_denied(unsigned worker, WorkerProcess& process) {
  const Blame whose = process.blame([this](std::size_t place) { return instance(place); });
  const auto denied = process.denials.answer_one(needs_.clock.now());
  if (!denied) return;
  ++*needs_.board.generation().cell(needs_.counts.denied + static_cast<std::size_t>(denied->call.kind));
  if (!denied->to_say) return;
  needs_.log.warning("seccomp.denied", {{"worker", std::to_string(worker)},
                                        {"pid", std::to_string(process.pid)},
                                        {"call", denied->call.name},
                                        {"times", std::to_string(*denied->to_say)},
                                        {"plugin", whose.instance.empty() ? "none" : whose.instance},
                                        {"hook", whose.hook.empty() ? "none" : whose.hook}});
}

void Workforce::on_started(unsigned worker) {
  Member& member = members_[worker];
  member.current.started = true;
  // The one before accepted until now.
  if (member.retired && !member.retired.end_by) {
    member.retired.end_by = needs_.clock.now() + needs_.settings.timeouts.drain + kPatience;
    (void)member.retired.orders.send(Retire{});
  }
  let_adopt(member.current);
  Release release;
  release.worker = worker;
  if (all_started_) return order_all(release);
  all_started_ = std::all_of(members_.begin(), members_.end(),
                             [](const Member& one) { return one.current.started; });
  if (all_started_) owner_.on_all_started();
}

// What its siblings were told before it was there.
void Workforce::let_adopt(WorkerProcess& fresh) {
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    if (&members_[worker].current == &fresh || !members_[worker].replace_at) continue;
    Adopt adopt;
    adopt.worker = worker;
    (void)fresh.orders.send(adopt);
  }
}

// But not to whoever had that place before and still accepts.
void Workforce::give_away(unsigned worker) {
  Adopt adopt;
  adopt.worker = worker;
  for_each([&](unsigned place, WorkerProcess& process) {
    if (place != worker && process.orders) (void)process.orders.send(adopt);
  });
}

// A worker that does not read its orders is hung or dead, and found out in other ways.
void Workforce::order_all(const auto& order) {
  for_each([&](unsigned, WorkerProcess& process) {
    if (process.orders) (void)process.orders.send(order);
  });
}

void Workforce::reap(pid_t pid, int status) {
  for_each([&](unsigned worker, WorkerProcess& process) {
    if (process.pid == pid) bury(worker, process, status);
  });
}

void Workforce::bury(unsigned worker, WorkerProcess& process, int status) {
  // What it still said counts, above all why it could not start.
  if (process.orders) on_readable(process.orders.fd());
  const auto instance_at = [this](std::size_t place) { return instance(place); };
  Blame whose = process.blame(instance_at);
  if (whose.place) whose.build = needs_.program.build(*whose.place);
  const std::string last_calls = process.last_calls(instance_at);
  const WorkerProcess dead = std::exchange(process, WorkerProcess{});
  const bool was_retired = &process == &members_[worker].retired;
  (was_retired ? note(worker).retired_pid : note(worker).pid).store(0, std::memory_order_relaxed);
  CallSlot& slot = piece<CallSlot>(needs_.counts.calls, dead.row);
  slot.instance.store(0, std::memory_order_relaxed);
  slot.crashed_work.store(0, std::memory_order_relaxed);
  slot.work.store(0, std::memory_order_relaxed);
  piece<CallHistory>(needs_.counts.histories, dead.row).calls.store(0, std::memory_order_relaxed);
  upstreams_.clear(dead.row);
  needs_.board.forget_gauges(dead.row);
  if (dead.end_by && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;

  WorkerDied death;
  death.worker = worker;
  death.pid = dead.pid;
  death.cause = dead.cause_of(status);
  death.how = FixedText<48>(how_it_ended(status));
  if (death.cause != DeathCause::killed) {
    death.instance = FixedText<64>(whose.instance);
    death.hook = FixedText<32>(whose.hook);
    death.build = FixedText<64>(whose.build);
    count(death.cause, whose);
  }
  ++*needs_.board.generation().cell(needs_.counts.deaths + static_cast<std::size_t>(death.cause));
  needs_.log.error("worker.died",
                   {{"worker", std::to_string(worker)},
                    {"pid", std::to_string(dead.pid)},
                    {"how", how_it_ended(status)},
                    {"cause", std::string(name(death.cause))},
                    {"plugin", whose.instance.empty() ? "none" : whose.instance},
                    {"hook", whose.hook.empty() ? "none" : whose.hook},
                    {"last_calls", last_calls.empty() ? "none" : last_calls}});
  owner_.on_died(death);
  if (leaving_ || was_retired) return;
  members_[worker].quick_deaths =
      needs_.clock.now() - dead.since < kQuick ? members_[worker].quick_deaths + 1 : 0;
  if (all_started_) return plan_replacement(worker);
  owner_.on_could_not_start(
      "a worker ended before it served (" + how_it_ended(status) + ")" +
      (whose.instance.empty() ? "" : ", in \"" + whose.instance + "\": " + whose.hook));
}

void Workforce::plan_replacement(unsigned worker) {
  Member& member = members_[worker];
  const Milliseconds pause = pause_after(member.quick_deaths);
  member.replace_at = needs_.clock.now() + pause;
  if (pause.count() > 0) return give_away(worker);
  tick();
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
  for_each([&](unsigned, WorkerProcess& process) { watch(process, now); });
  const bool look_at_memory = !memory_at_ || now >= *memory_at_;
  if (look_at_memory) memory_at_ = now + kMemoryEvery;
  for (unsigned worker = 0; worker < members_.size(); ++worker) {
    Member& member = members_[worker];
    if (look_at_memory) watch_memory(worker, now);
    if (leaving_ || !member.replace_at || now < *member.replace_at) continue;
    if (auto forked = fork_worker(worker); !forked) {
      needs_.log.error("worker.fork", {{"why", forked.error().text}});
      member.replace_at = now + kLongestPause;
      give_away(worker);
      continue;
    }
    note(worker).replaced.fetch_add(1, std::memory_order_relaxed);
  }
}

// The worker's only thread is where nobody in that process can help any more.
void Workforce::watch(WorkerProcess& process, Monotonic now) {
  if (process.end_by && now >= *process.end_by) ::kill(process.pid, SIGKILL);
  const std::int64_t now_ns = coarse_now_ns();
  const Watchdog::Limits limits{
      needs_.settings.containment.call_budget.act,
      process.started ? needs_.settings.containment.worker_stall : needs_.settings.timeouts.load,
      needs_.settings.containment.work_budget.act};
  switch (process.watchdog.look(now_ns, *process.window.calls,
                                process.window.pulse->beat_ns.load(std::memory_order_relaxed),
                                limits)) {
    case Watchdog::Finding::fine:
      return;
    case Watchdog::Finding::work_overdue:
      process.ended_for_work = process.window.calls->work.load(std::memory_order_relaxed);
      return process.put_down(DeathCause::hang, now);
    case Watchdog::Finding::call_overdue:
      return process.put_down(DeathCause::hang, now);
    case Watchdog::Finding::stalled:
      if (!process.ended_for) {
        needs_.log.error(
            "worker.stalled",
            {{"pid", std::to_string(process.pid)},
             {"ms", std::to_string(process.watchdog.still(now_ns).count() / 1'000'000)}});
      }
      return process.put_down(DeathCause::stall, now);
  }
}

void Workforce::watch_memory(unsigned worker, Monotonic now) {
  const std::size_t most = needs_.settings.limits.worker_memory_bytes;
  Member& member = members_[worker];
  if (most == 0 || leaving_ || !member.current.started) return;
  const auto bytes = member.current.memory();
  if (!bytes) return complain_of_memory(worker);
  if (*bytes <= most) return;
  if (!member.retired) return retire(worker, *bytes, now);
  // The one before still drains, and there is no third row: its time is over.
  member.retired.end_by = std::min(member.retired.end_by.value_or(now), now);
  member.retired.ended_for = DeathCause::memory;
}

// Once: where /proc hides processes (its mount option hidepid; ProtectProc= of a unit), it is all of them, all the time.
void Workforce::complain_of_memory(unsigned worker) {
  if (std::exchange(memory_is_hidden_, true)) return;
  needs_.log.warning("worker.memory_hidden", {{"worker", std::to_string(worker)}});
}

void Workforce::retire(unsigned worker, std::size_t bytes, Monotonic now) {
  Member& member = members_[worker];
  const pid_t pid = member.current.pid;
  needs_.log.warning("worker.retired", {{"worker", std::to_string(worker)},
                                        {"pid", std::to_string(pid)},
                                        {"bytes", std::to_string(bytes)}});
  member.retired = std::exchange(member.current, WorkerProcess{});
  note(worker).retired_pid.store(pid, std::memory_order_relaxed);
  ++*needs_.board.generation().cell(needs_.counts.retired);
  WorkerRetired retired;
  retired.worker = worker;
  retired.pid = pid;
  retired.bytes = bytes;
  owner_.on_retired(retired);
  member.replace_at = now;
}

void Workforce::drain() {
  leaving_ = true;
  const Monotonic end_by = needs_.clock.now() + needs_.settings.timeouts.drain + kPatience;
  for_each([&](unsigned, WorkerProcess& process) {
    process.end_by = std::min(process.end_by.value_or(end_by), end_by);
  });
  sockets_.clear();
  order_all(Drain{});
}

void Workforce::stop(Milliseconds deadline) {
  leaving_ = true;
  const Monotonic end_by = needs_.clock.now() + deadline + kPatience;
  for_each([&](unsigned, WorkerProcess& process) { process.end_by = end_by; });
  sockets_.clear();
  Stop stop;
  stop.deadline_ms = static_cast<std::uint64_t>(deadline.count());
  order_all(stop);
}

void Workforce::reopen() { order_all(Reopen{}); }

void Workforce::kill() {
  for_each([](unsigned, WorkerProcess& process) { ::kill(process.pid, SIGKILL); });
}

void Workforce::kill_unstarted() {
  for_each([](unsigned, WorkerProcess& process) {
    // It may have said so, and nobody has heard it yet.
    for (int i = 0; i < kInARow && process.orders && !process.started; ++i) {
      const auto message = process.orders.receive();
      if (!message || !*message) break;
      process.started = (*message)->as<WorkerStarted>().has_value();
    }
    if (!process.started) ::kill(process.pid, SIGKILL);
  });
}

bool Workforce::empty() const {
  return std::none_of(members_.begin(), members_.end(), [](const Member& member) {
    return member.current || member.retired;
  });
}

}  // namespace hyalite

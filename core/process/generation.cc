// One loaded configuration: opens the plugins once, forks the workers, replaces those that die.
// SPDX-License-Identifier: MIT
#include "process/generation.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "metrics/board.h"
#include "process/beginning.h"
#include "process/child.h"
#include "process/denials.h"
#include "process/load_note.h"
#include "process/master_state.h"
#include "process/memory_file.h"
#include "process/messages.h"
#include "process/signals.h"
#include "process/signing.h"
#include "process/workforce.h"
#include "tls/refusals.h"

namespace hyalite {

namespace {

constexpr int kExitInOrder = 0;
constexpr int kExitFailed = 1;
constexpr int kExitMasterGone = 2;
constexpr Milliseconds kSocketsWait = Seconds{10};
// Of a worker beside its flows': 128 pipes, listeners, files, services.
constexpr std::uint64_t kOtherDescriptors = 512;

// One per processor that this process may use.
unsigned processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count < 1 ? 1 : static_cast<unsigned>(count);
}

unsigned workers_of(const Settings& settings) {
  const auto wanted = static_cast<unsigned>(settings.workers.count);
  return std::min(wanted == 0 ? processors() : wanted, Board::kMostWorkers / kRowsPerPlace);
}

Mistake mistake_at(const std::string& file, std::string path, std::string what) {
  Mistake mistake;
  mistake.file = file;
  mistake.path = std::move(path);
  mistake.what = std::move(what);
  return mistake;
}

// What the settings want of the kernel, and this process may not do.
Mistakes missing_privileges(const Settings& settings, const std::string& file, bool net_raw) {
  constexpr char kRemedy[] =
      " needs CAP_NET_RAW: start as root, or with AmbientCapabilities=CAP_NET_RAW";
  Mistakes mistakes;
  if (net_raw) return mistakes;
  const UpstreamSettings& upstream = settings.upstream;
  if (upstream.mark != 0 && upstream.mark_required) {
    mistakes.push_back(mistake_at(file, "upstream.mark", std::string("upstream.mark") + kRemedy));
  }
  if (upstream.source == UpstreamSource::client && !upstream.fall_back_to_own_address) {
    mistakes.push_back(
        mistake_at(file, "upstream.source", std::string("upstream.source: client") + kRemedy));
  }
  return mistakes;
}

Mistakes unknown_system_calls(const SeccompSettings& seccomp, const std::string& file) {
  Mistakes mistakes;
  for (const std::size_t place : unknown_calls(seccomp.allow)) {
    mistakes.push_back(mistake_at(file, "seccomp.allow[" + std::to_string(place) + "]",
                                  "there is no system call \"" + seccomp.allow[place] + '"'));
  }
  return mistakes;
}

// Who finds a mistake once the file is read knows its setting, not its line.
void find_places(Mistakes& mistakes, const std::string& file, const Positions& positions) {
  for (Mistake& mistake : mistakes) {
    if (mistake.position.line == 0 && mistake.file == file && !mistake.path.empty())
      mistake.position = position_of(positions, mistake.path);
  }
}

// Whoever loads is ended by alarm(2) after so long.
unsigned seconds_to_load(const Settings& settings) {
  return static_cast<unsigned>(std::chrono::ceil<Seconds>(settings.timeouts.load).count());
}

bool wants_net_raw(const Settings& settings) {
  return settings.upstream.source == UpstreamSource::client || settings.upstream.mark != 0;
}

// The steps before anything is shared or opened: those that the checker takes too.
class Loading {
 public:
  enum class For { serving, checking };
  Loading(Beginning beginning, For purpose, Program& program, Log& log)
      : beginning_(std::move(beginning)), purpose_(purpose), program_(program), log_(log) {}

  std::optional<Failure> run() {
    auto read = read_settings(beginning_);
    if (read.failure) return read.failure;
    settings_ = std::move(read.settings);
    if (auto failure = open_signer()) return failure;
    const auto left =
        give_up_privileges(beginning_, settings_.workers, wants_net_raw(settings_), log_);
    if (!left) return Failure::of(left.error(), beginning_.file);
    Mistakes mistakes = missing_privileges(settings_, beginning_.file, left->net_raw);
    for (Mistake& mistake : unknown_system_calls(settings_.seccomp, beginning_.file))
      mistakes.push_back(std::move(mistake));
    say_what_will_not_work(left->net_raw);
    say_what_is_short();
    give_up_system_calls();
    for (Mistake& mistake : load()) mistakes.push_back(std::move(mistake));
    find_places(mistakes, beginning_.file, read.positions);
    if (!mistakes.empty()) return Failure::of(mistakes);
    return std::nullopt;
  }

  Beginning& beginning() { return beginning_; }
  const Settings& settings() const { return settings_; }
  Layout& layout() { return layout_; }
  const WorkforceCounts& counts() const { return *counts_; }
  std::optional<SignerPart>& signer() { return signer_; }

 private:
  // While we may still start somebody who reads the CA's key, and before anybody else's code runs
  // here.
  std::optional<Failure> open_signer() {
    if (settings_.tls.ca.certificate.empty()) return std::nullopt;
    auto started = start_signer({beginning_.file, beginning_.message.user.text(),
                                 beginning_.settings_text.get(), beginning_.master_life.get(),
                                 purpose_ == For::serving ? workers_of(settings_) * kRowsPerPlace : 0,
                                 settings_.timeouts.load});
    signer_ = std::move(started.signer);
    return std::move(started.failure);
  }

  // Before anybody else's code runs here. The master closes the listener before it says Go.
  void give_up_system_calls() {
    Fd listener = confine(ConfinedPart::generation, settings_.seccomp, log_);
    if (purpose_ == For::serving) give_listener(std::move(listener), settings_.seccomp, beginning_.master);
  }

  void say_what_will_not_work(bool net_raw) {
    if (net_raw || settings_.upstream.source != UpstreamSource::client ||
        beginning_.message.first == 0)
      return;
    log_.warning("upstream.source",
                 {{"why", "without CAP_NET_RAW, origins see the proxy's own address"}});
  }

  // Clients that find no descriptor are closed unheard, long before limits.flows is reached.
  void say_what_is_short() {
    rlimit may{};
    if (purpose_ != For::serving || ::getrlimit(RLIMIT_NOFILE, &may) != 0) return;
    const std::uint64_t workers = workers_of(settings_);
    const std::uint64_t flows = (settings_.limits.flows + workers - 1) / workers;
    const ReuseSettings& reuse = settings_.upstream.reuse;
    const std::uint64_t kept = reuse.enabled ? reuse.connections_per_worker : 0;
    const std::uint64_t needs = 2 * flows + kept + kOtherDescriptors;
    if (may.rlim_cur >= needs) return;
    log_.warning("limits.descriptors",
                 {{"has", std::to_string(may.rlim_cur)},
                  {"needs", std::to_string(needs)},
                  {"why", "a worker takes two for each of its share of limits.flows"}});
  }

  Mistakes load() {
    auto memory = SharedMemory::map(beginning_.shared.get(), sizeof(LoadNote), true);
    if (!memory) return {mistake_at(beginning_.file, "", memory.error().text)};
    memory_ = std::move(*memory);
    auto& note = *reinterpret_cast<LoadNote*>(memory_.bytes().data());
    for (std::size_t i = 0; i < settings_.plugins.size() && i < LoadNote::kMostNames; ++i) {
      note.names[i] = FixedText<64>(settings_.plugins[i].name);
    }
    counts_ = WorkforceCounts::declare(layout_, settings_);
    // A plugin that never comes back from being loaded ends this process, and the master knows by
    // the signal.
    ::alarm(seconds_to_load(settings_));
    LoadNeeds needs{settings_, beginning_.file, {},  workers_of(settings_),
                    layout_,   note.calls,      log_};
    for (const std::string_view name : split(quarantined_, ' ')) {
      if (!name.empty()) needs.quarantined.emplace_back(name);
    }
    Mistakes mistakes = program_.load(needs);
    ::alarm(0);
    return mistakes;
  }

  Beginning beginning_;
  const For purpose_;
  Program& program_;
  Log& log_;
  std::optional<SignerPart> signer_;
  const std::string quarantined_ = beginning_.message.quarantined.text();
  SharedMemory memory_;  // the LoadNote
  Settings settings_;
  Layout layout_;
  std::optional<WorkforceCounts> counts_;
};

class Generation final : public WorkforceOwner {
 public:
  Generation(Loading& loading, Board board, SignalReader signals, SharedMemory refusals,
             Program& program, Log& log)
      : beginning_(loading.beginning()),
        settings_(loading.settings()),
        refusals_memory_(std::move(refusals)),
        refusals_(refusals_memory_.bytes()),
        signer_(std::move(loading.signer())),
        counts_(loading.counts()),
        board_(std::move(board)),
        signals_(std::move(signals)),
        program_(program),
        log_(log),
        workers_(board_.workers() / kRowsPerPlace),
        workforce_({beginning_.message.generation, workers_, settings_, program, board_,
                    loading.counts(), refusals_, beginning_.master_life.get(), clock_, log},
                   *this) {
    if (signer_) workforce_.take_signer_ends(std::move(signer_->ends));
  }

  Result<void> announce();
  int run();

  void on_all_started() override {
    start_by_.reset();
    report(Ready{});
  }
  void on_could_not_start(const std::string& why) override;
  void on_died(const WorkerDied& death) override { report(death); }
  void on_retired(const WorkerRetired& retired) override { report(retired); }
  void on_forked() override {
    beginning_.master.close();
    if (signer_) signer_->child.channel.close();
    signals_ = SignalReader();
  }

 private:
  Result<void> serve();
  Result<std::vector<ListeningSocket>> ask_for_sockets();
  Result<void> ask_for_listener(std::size_t listener, std::vector<ListeningSocket>& sockets);
  Result<Received> await_answer();
  void wait();
  void on_signals();
  void on_master();
  void on_order(const Received& order);
  void on_signer();
  void on_signer_died();
  void report(const auto& message) { (void)beginning_.master.send(message); }
  void end(int status) { status_ = status; }

  Beginning& beginning_;
  const Settings& settings_;
  const SharedMemory refusals_memory_;
  Refusals refusals_;
  std::optional<SignerPart> signer_;
  const WorkforceCounts& counts_;
  Board board_;
  SignalReader signals_;
  Program& program_;
  Log& log_;
  SystemClock clock_;
  const unsigned workers_;
  Workforce workforce_;
  std::optional<Monotonic> start_by_;  // from Go until all workers serve
  bool leaving_ = false;               // drains: over when the last worker is
  bool abandoned_ = false;             // workers that serve drain by themselves
  std::optional<int> status_;
};

Result<void> Generation::announce() {
  const auto loaded = sealed_text(program_.plugins(), "hyalite-plugins");
  if (!loaded) return loaded.error();
  const auto ms = [](Milliseconds time) { return static_cast<std::uint64_t>(time.count()); };
  const auto number = [](std::size_t count) { return static_cast<std::uint32_t>(count); };
  Prepared prepared;
  prepared.workers = workers_;
  prepared.draining_generations = number(settings_.limits.draining_generations);
  prepared.worker_crashes = number(settings_.containment.worker_crashes.count);
  prepared.worker_crashes_within_ms = ms(settings_.containment.worker_crashes.within);
  prepared.quarantine = number(settings_.containment.quarantine.count);
  prepared.quarantine_within_ms = ms(settings_.containment.quarantine.within);
  prepared.drain_ms = ms(settings_.timeouts.drain);
  prepared.stop_ms = ms(settings_.timeouts.stop);
  std::string released;
  for (const std::string& name : program_.released()) released += name + ' ';
  prepared.released = FixedText<4'096>(released);
  if (auto sent = beginning_.master.send(prepared, {board_.fd(), loaded->get()}); !sent)
    return sent;
  for (unsigned worker = 0; worker < workers_; ++worker) {
    const Channel asker = workforce_.take_question_end(worker);
    QuestionEnd end;
    end.worker = worker;
    if (auto sent = beginning_.master.send(end, {asker.fd()}); !sent) return sent;
  }
  return {};
}

int Generation::run() {
  while (!status_) {
    wait();
    if (leaving_ && workforce_.empty()) end(kExitInOrder);
  }
  if (abandoned_) {
    workforce_.kill_unstarted();
  } else {
    workforce_.kill();
  }
  return *status_;
}

void Generation::wait() {
  std::vector<pollfd> watched = {{beginning_.master_life.get(), POLLIN, 0},
                                 {beginning_.master.fd(), POLLIN, 0},
                                 {signals_.fd(), POLLIN, 0},
                                 {signer_ ? signer_->child.channel.fd() : -1, POLLIN, 0}};
  workforce_.add_watched(watched);
  if (::poll(watched.data(), watched.size(), static_cast<int>(Workforce::kTick.count())) < 0 &&
      errno != EINTR) {
    log_.error("generation.poll", {{"why", Error::system(Fault::us, "poll", errno).text}});
    return end(kExitFailed);
  }
  if (watched[0].revents != 0) return end(kExitMasterGone);
  if (watched[2].revents != 0) on_signals();
  if (watched[3].revents != 0) on_signer();
  for (std::size_t i = 4; i < watched.size(); ++i) {
    if (watched[i].revents != 0) workforce_.on_readable(watched[i].fd);
  }
  if (watched[1].revents != 0) on_master();
  if (start_by_ && clock_.now() > *start_by_)
    on_could_not_start("the workers did not start within timeouts.load");
  workforce_.tick();
}

void Generation::on_signals() {
  while (signals_.next()) {
  }
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) workforce_.reap(pid, status);
}

void Generation::on_signer() {
  while (signer_) {
    const auto message = signer_->child.channel.receive();
    if (!message) return on_signer_died();
    if (!*message) return;
    if ((*message)->as<SignerReplaced>()) ++*board_.generation().cell(counts_.signers_replaced);
    if (const auto denied = (*message)->as<SignerDenied>(); denied && denied->kind < kDeniedKindCount)
      ++*board_.generation().cell(counts_.denied + denied->kind);
  }
}

// Whoever watched over it is gone, and nobody here may read the key again. Our end makes the
// workers drain, and the master start a fresh generation from the same settings.
void Generation::on_signer_died() {
  signer_.reset();
  if (leaving_ || status_) return;
  log_.error("signer.died", {{"why", "a fresh generation takes over"}});
  if (start_by_) return on_could_not_start("the signer died");
  abandoned_ = true;
  end(kExitFailed);
}

void Generation::on_master() {
  while (!status_) {
    const auto order = beginning_.master.receive();
    if (!order) return end(kExitMasterGone);
    if (!*order) return;
    on_order(**order);
  }
}

void Generation::on_order(const Received& order) {
  if (order.as<Go>()) {
    if (auto serving = serve(); !serving) on_could_not_start(serving.error().text);
  } else if (order.as<Drain>()) {
    leaving_ = true;
    workforce_.drain();
  } else if (const auto stop = order.as<Stop>()) {
    leaving_ = true;
    workforce_.stop(Milliseconds(stop->deadline_ms));
  } else if (order.as<Reopen>()) {
    workforce_.reopen();
  }
}

Result<void> Generation::serve() {
  auto sockets = ask_for_sockets();
  if (!sockets) return sockets.error();
  start_by_ = clock_.now() + settings_.timeouts.load;
  return workforce_.start(std::move(*sockets));
}

Result<std::vector<ListeningSocket>> Generation::ask_for_sockets() {
  std::vector<ListeningSocket> sockets;
  for (std::size_t listener = 0; listener < settings_.listeners.size(); ++listener) {
    if (auto done = ask_for_listener(listener, sockets); !done) return done.error();
  }
  return sockets;
}

Result<void> Generation::ask_for_listener(std::size_t listener,
                                          std::vector<ListeningSocket>& sockets) {
  const ListenerSettings& wanted = settings_.listeners[listener];
  ListenRequest request;
  request.address = FixedText<64>(wanted.address.text());
  request.transparent = static_cast<std::uint8_t>(wanted.transparent);
  request.slots = workers_;
  if (auto sent = beginning_.master.send(request); !sent) return sent;
  for (std::uint32_t slots = 1, slot = 0; slot < slots; ++slot) {
    auto received = await_answer();
    if (!received) return received.error();
    if (const auto refused = received->as<ListenAnswer>(0))
      return Error{Fault::operator_, refused->error.text()};
    const auto answer = received->as<ListenAnswer>(1);
    const auto address = answer ? Address::parse(answer->address.text()) : std::nullopt;
    if (!address) return Error{Fault::us, "the master gave no listening socket"};
    slots = answer->slots;
    sockets.push_back({std::move(received->fds[0]), *address, listener, slot});
  }
  return {};
}

// No worker is there yet that had anything to open again.
Result<Received> Generation::await_answer() {
  while (true) {
    auto received = await_message(beginning_.master, beginning_.master_life.get(), kSocketsWait);
    if (!received || !received->as<Reopen>()) return received;
  }
}

// Workers that had started may have clients: those are not cut off.
void Generation::on_could_not_start(const std::string& why) {
  if (status_ || leaving_) return;
  hyalite::tell(beginning_.master, Failed{},
                Failure::of(Error{Fault::operator_, why}, beginning_.file));
  log_.error("generation.failed", {{"why", why}});
  abandoned_ = true;
  end(kExitFailed);
}

int fail(Loading& loading, const Failure& failure, Log& log) {
  for (const std::string_view line : split(failure.text, '\n')) {
    if (!line.empty()) log.error("generation.failed", {{"why", std::string(line)}});
  }
  tell(loading.beginning().master, Failed{}, failure);
  return kExitFailed;
}

int check(Beginning beginning, Program& program, Log& log) {
  log.set_process("check");
  Loading loading(std::move(beginning), Loading::For::checking, program, log);
  if (const auto failure = loading.run()) {
    tell(loading.beginning().master, Failed{}, *failure);
    return kExitFailed;
  }
  // A plugin may not come back from being given back, either.
  ::alarm(seconds_to_load(loading.settings()));
  program.unload();
  ::alarm(0);
  Ready fine;
  fine.state_format = kStateFormat;
  return loading.beginning().master.send(fine) ? kExitInOrder : kExitFailed;
}

int live(Beginning beginning, Program& program, Log& log) {
  log.set_process("generation " + std::to_string(beginning.message.generation));
  Loading loading(std::move(beginning), Loading::For::serving, program, log);
  if (const auto failure = loading.run()) return fail(loading, *failure, log);
  apply(loading.settings().log, log);
  // From here on the pipe tells of the master's death, so that the workers can be taken along.
  ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  const auto broken = [&](const Error& error) {
    return fail(loading, Failure::of(error, loading.beginning().file), log);
  };
  auto signals = SignalReader::open({SIGCHLD});
  if (!signals) return broken(signals.error());
  auto board = Board::make(std::move(loading.layout()),
                           workers_of(loading.settings()) * kRowsPerPlace);
  if (!board) return broken(board.error());
  auto refusals = SharedMemory::map(loading.beginning().refusals.get(), Refusals::bytes(), true);
  if (!refusals) return broken(refusals.error());
  Generation generation(loading, std::move(*board), std::move(*signals), std::move(*refusals),
                        program, log);
  if (auto announced = generation.announce(); !announced) return broken(announced.error());
  return generation.run();
}

}  // namespace

int run_generation(Program& program, Log& log) {
  name_process("hyalite-gen");
  auto beginning = await_beginning();
  if (!beginning) {
    log.error("generation.begin", {{"why", beginning.error().text}});
    return kExitFailed;
  }
  // Static objects of plugins are not destroyed, here as little as in workers.
  ::_exit(live(std::move(*beginning), program, log));
}

int run_checker(Program& program, Log& log) {
  name_process("hyalite-check");
  auto beginning = await_beginning();
  if (!beginning) {
    log.error("checker.begin", {{"why", beginning.error().text}});
    return kExitFailed;
  }
  const int status = check(std::move(*beginning), program, log);
#if defined(__SANITIZE_ADDRESS__)
  // It looks for leaks in the end.
  return status;
#else
  // Somebody waits for our end: as in a generation, static objects of plugins are not destroyed.
  ::_exit(status);
#endif
}

}  // namespace hyalite

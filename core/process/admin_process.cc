// The process that shows the service to people and takes their commands.
// SPDX-License-Identifier: MIT
#include "process/admin_process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "admin/ca_page.h"
#include "admin/pages.h"
#include "admin/source.h"
#include "base/text.h"
#include "event/http_endpoint.h"
#include "event/loop.h"
#include "event/timer.h"
#include "event/watch.h"
#include "metrics/board.h"
#include "plugin/call_slot.h"
#include "plugin/hook.h"
#include "process/admin_listeners.h"
#include "process/beginning.h"
#include "process/ca_watch.h"
#include "process/child.h"
#include "process/denials.h"
#include "process/live_views.h"
#include "process/memory_file.h"
#include "process/totals_file.h"
#include "process/worker_note.h"
#include "process/worker_process.h"
#include "settings/json.h"
#include "tls/refusals.h"

namespace hyalite {

namespace {

constexpr int kExitInOrder = 0;
constexpr int kExitFailed = 1;
constexpr int kExitMasterGone = 2;
constexpr Milliseconds kListenersWait = Seconds{10};
// What is being answered when we are told to leave goes out first.
constexpr Milliseconds kLastAnswers{300};
// Whoever may connect can take descriptors: this process cannot do without a limit of its own. Beside it: one for each worker
// that is asked what it does.
constexpr rlim_t kMostDescriptors = 1'024;
// Which strangers do not get: what the master sends, and whoever may give commands, find a place.
constexpr std::size_t kSpareDescriptors = 64;
constexpr EndpointLimits kForStrangers{.spare_descriptors = kSpareDescriptors};
constexpr std::size_t kMostPluginsBytes = std::size_t{1} << 20;
constexpr std::size_t kMostCommands = 64;
constexpr std::size_t kMostRefusedShown = 100;
constexpr Milliseconds kDay = std::chrono::hours{24};

constexpr std::string_view kStates[] = {"loading", "serving", "draining", "ending"};

WallTime wall_time(std::int64_t ns) { return WallTime(std::chrono::nanoseconds(ns)); }

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

// What the generation said it loaded, when that is JSON.
std::string plugins_json(const Fd& fd) {
  const auto text = text_of(fd.get(), kMostPluginsBytes);
  const auto document = text ? JsonDocument::parse(*text) : Result<JsonDocument>(text.error());
  return document && document->root().is(JsonView::Type::array) ? document->root().text() : "[]";
}

class AdminProcess final : public AdminSource {
 public:
  // `owner`: whose commands are taken, beside root's.
  AdminProcess(Beginning& beginning, const Settings& settings, Loop& loop, KeptTotals kept,
               CaWatch ca, SharedMemory refusals, uid_t owner, Log& log)
      : beginning_(beginning),
        settings_(settings),
        log_(log),
        kept_(std::move(kept)),
        ca_(std::move(ca)),
        refusals_memory_(std::move(refusals)),
        refusals_(refusals_memory_.bytes()),
        views_(loop),
        pages_(*this, owner),
        loop_(loop),
        master_(loop, callback<&AdminProcess::on_master>(*this)),
        master_life_(loop, callback<&AdminProcess::on_master_gone>(*this)),
        leave_(loop, callback<&AdminProcess::on_leave>(*this)),
        show_(std::in_place, loop,
              [this](const EndpointRequest& request, EndpointReply reply) {
                pages_.show(request, std::move(reply));
              },
              kForStrangers),
        control_(loop, [this](const EndpointRequest& request,
                              EndpointReply reply) { pages_.control(request, std::move(reply)); }),
        install_(std::in_place, loop,
                 [this](const EndpointRequest& request, EndpointReply reply) {
                   reply.send(answer_client(ca_.files(), request));
                 },
                 kForStrangers) {}

  Result<void> start(KeptListeners listeners);

  ServiceFacts facts() const override;
  Totals totals() const override;
  const Settings& settings() const override { return settings_; }
  void flows(std::size_t most, std::function<void(std::string)> answer) override {
    views_.ask(most, std::move(answer));
  }
  void command(AdminCommand command, std::function<void(const CommandOutcome&)> answer) override;
  CommandOutcome forget(std::string_view name) override;
  const CaFiles* ca_files() const override { return ca_.files(); }

 private:
  struct ShownBoard {
    BoardView view;
    std::string plugins;
    bool finished = false;
  };

  void on_master();
  void on_message(Received message);
  void on_cut(Received message);
  void on_master_gone() { ::_exit(kExitMasterGone); }
  void leave();
  void on_leave();
  void on_day() { ca_.warn(loop_.clock().wall_time(), log_); }
  void serve();
  void add_board(std::uint64_t generation, const Received& message);
  void finish_board(std::uint64_t generation);
  void on_outcome(const Received& message);
  void answer_command(const Outcome& outcome, const Failure& text);
  std::vector<WorkerFacts> workers_of(const GenerationPicture& generation) const;
  std::vector<FaultFacts> faults() const;
  void add_survived_faults(std::uint64_t generation, const ShownBoard& board,
                           std::vector<FaultFacts>& faults) const;

  Beginning& beginning_;
  const Settings& settings_;
  Log& log_;
  KeptTotals kept_;
  const CaWatch ca_;
  const SharedMemory refusals_memory_;
  Refusals refusals_;
  Picture picture_;
  std::map<std::uint64_t, ShownBoard> boards_;
  std::set<std::uint64_t> unreadable_;  // generations whose boards nobody of this program can add up
  LiveViews views_;
  std::map<std::uint64_t, std::function<void(const CommandOutcome&)>> commands_;
  std::uint64_t last_command_ = 0;
  Pages pages_;
  Loop& loop_;
  ReadWatch master_, master_life_;
  Timer leave_;
  bool leaving_ = false;
  std::optional<Ticker> daily_;
  KeptListeners listeners_;
  std::optional<HttpEndpoint> show_;
  HttpEndpoint control_;
  std::optional<HttpEndpoint> install_;
};

Result<void> AdminProcess::start(KeptListeners listeners) {
  listeners_ = std::move(listeners);
  if (auto watching = master_.start(beginning_.master.fd()); !watching) return watching;
  return master_life_.start(beginning_.master_life.get());
}

void AdminProcess::serve() {
  // Our predecessor may have added boards since we were prepared; from now on the master listens to
  // us alone.
  if (auto kept = read_totals(beginning_.shared.get())) {
    kept_ = std::move(*kept);
  } else {
    log_.error("admin.totals", {{"why", kept.error().text}});
  }
  const auto serve = [this](HttpEndpoint& endpoint, KeptSocket which) {
    Fd& fd = listeners_[static_cast<std::size_t>(which)].fd;
    if (!fd) return;
    if (auto serving = endpoint.serve(std::move(fd)); !serving)
      log_.error("admin.serve", {{"why", serving.error().text}});
  };
  serve(*show_, KeptSocket::admin);
  serve(*show_, KeptSocket::admin_unix);
  serve(control_, KeptSocket::control);
  serve(*install_, KeptSocket::install_page);
  on_day();
  daily_.emplace(loop_, kDay, callback<&AdminProcess::on_day>(*this));
}

void AdminProcess::on_master() {
  while (true) {
    auto received = beginning_.master.receive();
    if (!received) return on_master_gone();
    if (!*received) return;
    on_message(std::move(**received));
  }
}

void AdminProcess::on_message(Received message) {
  if (message.cut) return on_cut(std::move(message));
  if (message.as<Go>()) return serve();
  if (const auto picture = message.as<Picture>()) {
    picture_ = *picture;
  } else if (const auto board = message.as<AddBoard>(2)) {
    add_board(board->generation, message);
  } else if (const auto questions = message.as<AddQuestions>(1)) {
    views_.add(questions->generation, questions->worker, Channel(std::move(message.fds[0])));
  } else if (const auto finished = message.as<BoardFinished>()) {
    finish_board(finished->generation);
  } else if (message.type == Outcome::kType) {
    on_outcome(message);
  } else if (message.as<Stop>()) {
    leave();
  }
}

// What it is about has come all the same: whoever waits for a command hears at least how it went.
void AdminProcess::on_cut(Received message) {
  const std::string why = "the admin process has no descriptors left";
  log_.error("admin.untold", {{"why", why}});
  message.cut = false;
  if (const auto outcome = message.as<Outcome>()) answer_command(*outcome, {why + '\n'});
}

void AdminProcess::leave() {
  if (leaving_) return;
  leaving_ = true;
  show_->stop_accepting();
  control_.stop_accepting();
  install_->stop_accepting();
  leave_.start(kLastAnswers);
}

// Commands that are under way are waited for; pages and live views are our successor's by now.
void AdminProcess::on_leave() {
  if (commands_.empty()) return loop_.stop();
  show_.reset();
  install_.reset();
  views_.clear();
}

void AdminProcess::add_board(std::uint64_t generation, const Received& message) {
  auto view = BoardView::open(message.fds[0]);
  if (!view) {
    unreadable_.insert(generation);
    return log_.warning("admin.board",
                        {{"generation", std::to_string(generation)}, {"why", view.error().text}});
  }
  boards_.insert_or_assign(generation,
                           ShownBoard{std::move(*view), plugins_json(message.fds[1]), false});
}

// Its counts become part of the totals, which outlive us; telling the master comes after that, so
// that nothing is lost and nothing is added twice whenever we die. A board that did not get here the master keeps for our
// successor.
void AdminProcess::finish_board(std::uint64_t generation) {
  views_.remove(generation);
  const auto board = boards_.find(generation);
  if (board != boards_.end() && kept_.generations.insert(generation).second) {
    kept_.totals.add_finished(board->second.view);
    if (auto written = write_totals(beginning_.shared.get(), kept_); !written) {
      log_.error("admin.totals", {{"why", written.error().text}});
    }
  }
  boards_.erase(generation);
  if (unreadable_.erase(generation) == 0 && !kept_.generations.contains(generation)) return;
  Folded folded;
  folded.generation = generation;
  (void)beginning_.master.send(folded);
}

ServiceFacts AdminProcess::facts() const {
  ServiceFacts facts;
  facts.version = HYALITE_VERSION;
  facts.master_pid = picture_.master_pid;
  facts.settings_file = beginning_.file;
  facts.started = wall_time(picture_.started_ns);
  facts.now = std::chrono::system_clock::now();
  facts.listening = words_of(picture_.listening.text());
  facts.quarantined = words_of(picture_.quarantined.text());
  facts.last_failure = picture_.last_failure.text();
  facts.faults = faults();
  facts.ca = ca_.facts(facts.now);
  facts.refused = refused_names(refusals_, facts.now, kMostRefusedShown);
  facts.plugins = "[]";
  for (std::size_t i = 0; i < picture_.generations && i < Picture::kMostGenerations; ++i) {
    const GenerationPicture& one = picture_.generation[i];
    facts.generations.push_back({one.number, one.pid,
                                 kStates[static_cast<std::size_t>(one.state) % std::size(kStates)],
                                 wall_time(one.since_ns), workers_of(one)});
    const auto board = boards_.find(one.number);
    if (one.state == GenerationState::serving && board != boards_.end())
      facts.plugins = board->second.plugins;
  }
  return facts;
}

std::vector<WorkerFacts> AdminProcess::workers_of(const GenerationPicture& generation) const {
  std::vector<WorkerFacts> workers;
  const auto board = boards_.find(generation.number);
  if (board == boards_.end()) return workers;
  const unsigned places = std::min(board->second.view.workers(), generation.workers);
  for (unsigned worker = 0; worker < places; ++worker) {
    const auto bytes = board->second.view.worker_region(kWorkerNotes, worker);
    if (bytes.size() != sizeof(WorkerNote)) return workers;
    const auto& note = *reinterpret_cast<const WorkerNote*>(bytes.data());
    workers.push_back({worker, note.pid.load(std::memory_order_relaxed),
                       note.replaced.load(std::memory_order_relaxed),
                       wall_time(note.started_ns.load(std::memory_order_relaxed)),
                       note.retired_pid.load(std::memory_order_relaxed)});
  }
  return workers;
}

// What workers died of, and what they survived: the newest first.
std::vector<FaultFacts> AdminProcess::faults() const {
  std::vector<FaultFacts> faults;
  for (std::size_t i = 0; i < std::min<std::size_t>(picture_.faults, Picture::kMostFaults); ++i) {
    const FaultPicture& one = picture_.fault[i];
    faults.push_back({wall_time(one.at_ns), one.generation, one.worker, one.pid,
                      std::string(name(one.cause)), one.instance.text(), one.hook.text(),
                      one.how.text()});
  }
  for (const auto& [generation, board] : boards_) add_survived_faults(generation, board, faults);
  std::stable_sort(faults.begin(), faults.end(),
                   [](const FaultFacts& a, const FaultFacts& b) { return a.at > b.at; });
  if (faults.size() > FaultFacts::kMost) faults.resize(FaultFacts::kMost);
  return faults;
}

// Written by a process that runs plugins, perhaps at this very moment: it is shown, not believed.
void AdminProcess::add_survived_faults(std::uint64_t generation, const ShownBoard& board,
                                       std::vector<FaultFacts>& faults) const {
  constexpr std::string_view kKinds[] = {"error", "exception", "misuse", "late"};
  const auto document = JsonDocument::parse(board.plugins);
  const JsonView plugins = document ? document->root() : JsonView();
  for (unsigned row = 0; row < board.view.workers(); ++row) {
    const auto bytes = board.view.worker_region(kCallHistories, row);
    if (bytes.size() != sizeof(CallHistory)) return;
    for (const auto& fault : reinterpret_cast<const CallHistory*>(bytes.data())->recent) {
      const std::uint64_t number = fault.number.load(std::memory_order_acquire);
      if (number == 0) continue;
      std::string what;
      for (const auto& c : fault.what) {
        const char one = c.load(std::memory_order_relaxed);
        if (one == '\0') break;
        what += one;
      }
      const std::size_t place = fault.instance.load(std::memory_order_relaxed);
      const auto instance = plugins.element(place - 1).member("name").string();
      const std::uint32_t hook = fault.hook.load(std::memory_order_relaxed);
      const auto at = wall_time(fault.at_ns.load(std::memory_order_relaxed));
      const std::uint32_t kind = fault.kind.load(std::memory_order_relaxed);
      if (fault.number.load(std::memory_order_acquire) != number || place == 0 ||
          place > plugins.size())
        continue;
      faults.push_back({at, generation, row % std::max(1u, board.view.workers() / kRowsPerPlace),
                        0, std::string(kKinds[kind % std::size(kKinds)]),
                        std::string(instance.value_or("")),
                        hook < kHookCount ? name(static_cast<Hook>(hook)) : "", what});
    }
  }
}

Totals AdminProcess::totals() const {
  Totals totals = kept_.totals;
  for (const auto& [number, board] : boards_) {
    if (!kept_.generations.contains(number)) totals.add(board.view);
  }
  const auto add = [&](const char* name, const char* help, MetricKind kind,
                       const MetricLabels& labels, std::uint64_t value) {
    totals.add(MetricFamily{name, help, kind, 1, {}}, labels, value);
  };
  add("hyalite_build_info", "Which program this is; always 1.", MetricKind::gauge,
      {{"version", HYALITE_VERSION}}, 1);
  add("hyalite_start_time_seconds", "When the service started, since 1970.", MetricKind::gauge, {},
      static_cast<std::uint64_t>(picture_.started_ns / 1'000'000'000));
  for (std::size_t kind = 0; kind < kDeniedKindCount; ++kind) {
    if (picture_.denied[kind] != 0) {
      add("hyalite_denied_calls_total", kDeniedCallsHelp, MetricKind::counter,
          {{"kind", std::string(kDeniedKinds[kind])}}, picture_.denied[kind]);
    }
  }
  add("hyalite_generation_deaths_total", "Generations that ended unasked.", MetricKind::counter, {},
      picture_.generation_deaths);
  add("hyalite_reloads_total", "Reloads and upgrades that worked.", MetricKind::counter, {},
      picture_.reloads);
  add("hyalite_reloads_failed_total", "Reloads and upgrades that did not.", MetricKind::counter, {},
      picture_.failed_reloads);
  if (const auto ends = ca_.not_after()) {
    add("hyalite_ca_not_after_seconds", "When the CA's certificate ends, since 1970.",
        MetricKind::gauge, {},
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<Seconds>(ends->time_since_epoch()).count()));
  }
  add("hyalite_refusals_lost_total", "Refusals of certificates that could not be noted.",
      MetricKind::counter, {}, refusals_.lost());
  for (std::size_t state = 0; state < std::size(kStates); ++state) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < picture_.generations && i < Picture::kMostGenerations; ++i) {
      count += static_cast<std::size_t>(picture_.generation[i].state) == state;
    }
    add("hyalite_generations", "Generations at this moment.", MetricKind::gauge,
        {{"state", std::string(kStates[state])}}, count);
  }
  return totals;
}

CommandOutcome AdminProcess::forget(std::string_view name) {
  const std::string shown = printable(name);
  if (!refusals_.forget(to_lower(name)))
    return {false, "no client refused our certificate for " + shown + '\n'};
  log_.info("tls.forgotten", {{"name", shown}});
  return {true, shown + " is forgotten: it is inspected again\n"};
}

void AdminProcess::command(AdminCommand command,
                           std::function<void(const CommandOutcome&)> answer) {
  if (commands_.size() >= kMostCommands)
    return answer({false, "too many commands are under way\n"});
  constexpr CommandKind kKinds[] = {CommandKind::reload, CommandKind::release, CommandKind::upgrade,
                                    CommandKind::reopen};
  Command message;
  message.number = ++last_command_;
  message.kind = kKinds[static_cast<std::size_t>(command)];
  if (!beginning_.master.send(message)) return answer({false, "the master does not answer\n"});
  commands_.emplace(message.number, std::move(answer));
}

void AdminProcess::on_outcome(const Received& message) {
  if (const auto bare = message.as<Outcome>())
    return answer_command(*bare, {"what there is to say about it is on the log\n"});
  const auto outcome = message.as<Outcome>(2);
  const auto text = told(message, Outcome::kType);
  if (outcome && text) answer_command(*outcome, *text);
}

void AdminProcess::answer_command(const Outcome& outcome, const Failure& text) {
  const auto asked = commands_.find(outcome.command);
  if (asked == commands_.end()) return;
  const auto answer = std::move(asked->second);
  commands_.erase(asked);
  answer({outcome.done != 0, text.text, text.json});
  if (leaving_ && commands_.empty()) leave_.start(kLastAnswers);
}

// Sends what the master keeps for the admin process after us, and how its lines are wanted.
Result<void> announce(const Channel& master, const KeptListeners& listeners,
                      const LogSettings& log) {
  Kept kept;
  kept.log_level = static_cast<std::uint8_t>(log.level);
  kept.log_format = static_cast<std::uint8_t>(log.format);
  std::vector<int> fds;
  for (std::size_t i = 0; i < kKeptSockets; ++i) {
    if (!listeners[i].fd) continue;
    kept.present[i] = 1;
    kept.paths[i] = FixedText<108>(listeners[i].path);
    fds.push_back(listeners[i].fd.get());
  }
  return master.send(kept, fds);
}

Result<KeptListeners> listeners_before(const Beginning& beginning) {
  auto received = await_message(beginning.master, beginning.master_life.get(), kListenersWait);
  if (!received) return received.error();
  const auto kept = received->as<Kept>(received->fds.size());
  if (!kept) return Error{Fault::us, "the master speaks another protocol"};
  KeptListeners before;
  for (std::size_t i = 0, next = 0; i < kKeptSockets && next < received->fds.size(); ++i) {
    if (kept->present[i] != 0)
      before[i] = {std::move(received->fds[next++]), kept->paths[i].text()};
  }
  return before;
}

// The asking ends of all workers that there may be: of the generation that serves, of those that drain, and of one that comes
// or goes.
rlim_t asking_ends(const Settings& settings) {
  const std::size_t count = settings.workers.count;
  const std::size_t workers = count != 0 ? count : std::thread::hardware_concurrency();
  return workers * (settings.limits.draining_generations + 2);
}

void limit_descriptors(const Settings& settings) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max =
      std::min(limit.rlim_max, kMostDescriptors + asking_ends(settings));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Everything up to the moment when the master may say Go; then the life.
Result<int> live(Beginning& beginning, const Settings& settings, Log& log) {
  auto before = listeners_before(beginning);
  if (!before) return before.error();
  auto listeners = open_admin_listeners(settings, std::move(*before));
  if (!listeners) return listeners.error();
  if (auto announced = announce(beginning.master, *listeners, settings.log); !announced)
    return announced.error();
  // While we may still read what belongs to root alone.
  CaWatch ca = CaWatch::open(settings.tls.ca, SystemClock().wall_time());
  auto refusals = SharedMemory::map(beginning.refusals.get(), Refusals::bytes(), true);
  if (!refusals) return refusals.error();
  // The master's user, as which we were started; the control socket's file is theirs.
  const uid_t owner = ::geteuid();
  const auto left = give_up_privileges(beginning, settings.workers, false, log);
  if (!left) return left.error();
  limit_descriptors(settings);
  auto kept = read_totals(beginning.shared.get());
  if (!kept) return kept.error();
  auto loop = Loop::open();
  if (!loop) return loop.error();
  AdminProcess process(beginning, settings, **loop, std::move(*kept), std::move(ca),
                       std::move(*refusals), owner, log);
  if (auto started = process.start(std::move(*listeners)); !started) return started.error();
  give_listener(confine(ConfinedPart::admin, settings.seccomp, log), settings.seccomp, beginning.master);
  (*loop)->run();
  return kExitInOrder;
}

int begin(Beginning beginning, Log& log) {
  auto read = read_settings(beginning);
  if (read.failure) {
    // The generation reads the same, finds the same and more, and says so: then the master ends us.
    while (await_message(beginning.master, beginning.master_life.get(), Milliseconds{-1})) {
    }
    return kExitFailed;
  }
  apply(read.settings.log, log);
  const auto ended = live(beginning, read.settings, log);
  if (ended) return *ended;
  log.error("admin.failed", {{"why", ended.error().text}});
  tell(beginning.master, Failed{}, Failure::of(ended.error(), beginning.file));
  return kExitFailed;
}

}  // namespace

int run_admin(Log& log) {
  name_process("hyalite-admin");
  log.set_process("admin");
  auto beginning = await_beginning();
  if (!beginning) {
    log.error("admin.begin", {{"why", beginning.error().text}});
    return kExitFailed;
  }
  return begin(std::move(*beginning), log);
}

}  // namespace hyalite

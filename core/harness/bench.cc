// A worker without sockets: its plugins, its clock and its services, held by a test.
// SPDX-License-Identifier: MIT
#include "harness/bench.h"

#include <algorithm>

#include "harness/talk.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr Seconds kTick{1};
constexpr Milliseconds kForEver = std::chrono::hours(24 * 365);
// A plugin that begins anew whenever it has ended would never come to rest.
constexpr int kMostRounds = 10'000;
constexpr std::string_view kOwnPrefix = "hyalite_plugin_";

bool has_listeners(std::string_view settings) {
  return settings.starts_with("listeners:") || settings.find("\nlisteners:") != std::string_view::npos;
}

bool is_of(const MetricSeries& series, std::string_view instance) {
  const auto named = std::find_if(series.labels.begin(), series.labels.end(), [](const auto& label) { return label.name == "instance"; });
  return named == series.labels.end() ? instance.empty() : named->value == instance;
}

bool complains(std::string_view line) {
  const auto word = [&](std::string_view level) { return line.find(level) != std::string_view::npos; };
  return word(" error ") || word(" warning ");
}

}  // namespace

Bench::Bench(BenchOptions options)
    : places_(TallyPlaces::declare(layout_)),
      log_(LogLevel::debug,
           [this](std::string_view line) {
             const std::lock_guard lock(log_mutex_);
             lines_.emplace_back(complains(line.substr(0, line.find('='))), line);
           }),
      next_tick_(clock_.now() + kTick) {
  log_.set_for_journal(false);
  load(options);
  if (mistakes_.empty()) open();
}

Bench::~Bench() {
  while (!talks_.empty()) talks_.back()->cut_off();
  if (!load_.chain) return;
  if (route_) load_.chain->stop();
  load_.chain->destroy();
}

void Bench::load(BenchOptions& options) {
  if (!has_listeners(options.settings)) options.settings += "\nlisteners: [ { address: \"[::]:8080\" } ]\n";
  SettingsRead read = read_settings(options.settings, options.file);
  mistakes_ = text_of(read.mistakes);
  if (!mistakes_.empty()) return;
  settings_ = std::move(read.settings);
  // Time is the author's here; how long a call took says only how busy his machine is. `hyalite plugin check` measures.
  settings_.containment.call_budget.warn = kForEver;
  if (options.validate) {
    for (PluginSettings& plugin : settings_.plugins) plugin.validate = true;
  }
  Mistakes found;
  tls_policy_.emplace(settings_.tls, options.file, found);
  LoadOptions how;
  how.file = options.file;
  how.directories = options.directories;
  how.linked_in = {{Observer::kName, Observer::descriptor()}};
  how.clock = &clock_;
  const Observer::Made made(observer_);
  if (found.empty() && options.observe) {
    Settings seen = settings_;
    PluginSettings observer;
    observer.name = observer.use = Observer::kName;
    seen.plugins.insert(seen.plugins.begin(), std::move(observer));
    load_ = load_chain(seen, how, layout_, log_);
    if (load_.chain) return;
    // Once more without it, so that mistakes name the plugins by their own places.
    layout_ = Layout();
    places_ = TallyPlaces::declare(layout_);
  }
  load_ = load_chain(settings_, how, layout_, log_);
  std::move(load_.mistakes.begin(), load_.mistakes.end(), std::back_inserter(found));
  mistakes_ = text_of(found);
}

void Bench::open() {
  auto board = Board::make(layout_, 1);
  if (!board) return void(mistakes_ = board.error().text + '\n');
  board_.emplace(std::move(*board));
  const MetricRow row = board_->worker(0);
  tally_.emplace(row, places_);
  services_.emplace(settings_.services, clock_);
  LoopSignal& signal = *this;
  load_.chain->async().open(clock_, signal, &*services_);
  if (auto started = load_.chain->start(0, 1, row, nullptr); !started) {
    load_.chain->stop();
    return void(mistakes_ = started.error().text + '\n');
  }
  refusals_memory_.resize(Refusals::bytes() + 4096);
  std::byte* const page = refusals_memory_.data() + (4096 - reinterpret_cast<std::uintptr_t>(refusals_memory_.data()) % 4096);
  refusals_.emplace(std::span(page, Refusals::bytes()));
  route_.emplace(settings_, *load_.chain, *tls_policy_, tls_, *refusals_, *tally_, log_, clock_);
}

// ---- what is delivered

void Bench::signal() {
  {
    const std::lock_guard lock(signal_mutex_);
    signalled_ = true;
  }
  signal_came_.notify_one();
}

bool Bench::take_signal() {
  const std::lock_guard lock(signal_mutex_);
  return std::exchange(signalled_, false);
}

// What a test does while it is told of something is carried out by whoever tells.
void Bench::settle() {
  if (settling_) return;
  settling_ = true;
  for (int round = 0; round < kMostRounds; ++round) {
    const bool answered = services_->deliver();
    if (take_signal()) {
      chain().deliver();
    } else if (!answered) {
      break;
    }
  }
  settling_ = false;
}

bool Bench::wait(std::chrono::nanoseconds at_most) {
  {
    std::unique_lock lock(signal_mutex_);
    if (!signal_came_.wait_for(lock, at_most, [this] { return signalled_; })) return false;
  }
  settle();
  return true;
}

void Bench::drain() {
  drains_ = true;
  chain().drain();
  for (Talk* talk : std::vector<Talk*>(talks_)) talk->drain();
  settle();
}

// ---- time

std::optional<Monotonic> Bench::next_event() const {
  std::optional<Monotonic> next = next_tick_;
  const auto consider = [&](const std::optional<Monotonic>& when) {
    if (when && *when > clock_.now() && *when < *next) next = when;
  };
  consider(load_.chain->async().next());
  consider(services_->next_deadline());
  for (const Talk* talk : talks_) consider(talk->deadline());
  return next;
}

void Bench::advance(std::chrono::nanoseconds by) {
  const Monotonic until = clock_.now() + by;
  settle();
  while (clock_.now() < until) {
    clock_.advance_to(std::min(until, *next_event()));
    fire();
  }
}

void Bench::fire() {
  const Monotonic now = clock_.now();
  if (next_tick_ <= now) {
    next_tick_ += kTick;
    chain().tick();
  }
  const auto due = chain().async().next();
  if (due && *due <= now) signal();
  settle();
  for (Talk* talk : std::vector<Talk*>(talks_)) talk->on_time();
  settle();
}

// ---- what is seen

std::string Bench::log() const {
  const std::lock_guard lock(log_mutex_);
  std::string all;
  for (const auto& [complaint, line] : lines_) all += line + '\n';
  return all;
}

std::string Bench::complaints() const {
  const std::lock_guard lock(log_mutex_);
  std::string all;
  for (const auto& [complaint, line] : lines_) {
    if (complaint) all += line + '\n';
  }
  return all;
}

std::optional<std::uint64_t> Bench::count(std::string_view metric, std::string_view instance) const {
  std::optional<std::uint64_t> sum;
  for (const MetricSeries& series : board_->layout().series()) {
    const std::string_view name = board_->layout().families()[series.family].name;
    const bool named = name == metric || (name.starts_with(kOwnPrefix) && name.substr(kOwnPrefix.size()) == metric);
    if (named && is_of(series, instance)) sum = sum.value_or(0) + *board_->worker(0).cell(series.first);
  }
  return sum;
}

}  // namespace hyalite

// A worker without sockets: its plugins, its clock and its services, held by a test.
// SPDX-License-Identifier: MIT
#include "harness/bench.h"

#include <algorithm>

#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr Seconds kTick{1};
constexpr Milliseconds kForEver = std::chrono::hours(24 * 365);
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
  if (worker_) worker_->cut_off_all();
  if (!load_.chain) return;
  if (started_) load_.chain->stop();
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
  services_.emplace(settings_.services, clock_);
  worker_.emplace(HeldWorkerNeeds{settings_, *load_.chain, clock_, *tls_policy_, log_, row, places_, *services_});
  const auto started = load_.chain->start(0, 1, row, nullptr);
  started_ = started.has_value();
  if (started_) return;
  load_.chain->stop();
  mistakes_ = started.error().text + '\n';
}

void Bench::reopen() {
  load_.chain->reopen();
  worker_->settle();
}

void Bench::drain() {
  load_.chain->drain();
  worker_->drain();
}

// ---- time

void Bench::advance(std::chrono::nanoseconds by) {
  const Monotonic until = clock_.now() + by;
  worker_->settle();
  while (clock_.now() < until) {
    const Monotonic next = std::min(next_tick_, worker_->next_due().value_or(next_tick_));
    clock_.advance_to(std::min(until, next));
    fire();
  }
}

void Bench::fire() {
  if (next_tick_ <= clock_.now()) {
    next_tick_ += kTick;
    load_.chain->tick();
  }
  worker_->fire_all();
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

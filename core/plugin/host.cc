// What a plugin may ask of the proxy: the root table, the log, the counters.
// SPDX-License-Identifier: MIT
#include "plugin/host.h"

#include <dirent.h>

#include <cstring>
#include <ctime>

#include "base/text.h"
#include "plugin/abi.h"
#include "plugin/host_settings.h"
#include "plugin/validation.h"

namespace hyalite {

namespace {

constexpr unsigned kMostLines = 100;              // at once, by one instance
constexpr std::int64_t kLineEvery = 100'000'000;  // ns: afterwards ten a second
constexpr std::size_t kMostFields = 16;           // of one line
constexpr std::size_t kMostMessageBytes = 4'096;
constexpr std::size_t kMostMetrics = 256;  // of one instance

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

const void* get_interface(const hyalite_host*, const char* id) {
  return host_interface(id == nullptr ? "" : id);
}

// What there is, is the same: a checked table for each plain one.
const void* get_checked_interface(const hyalite_host*, const char* id) {
  return id == nullptr ? nullptr : checked_interface(id);
}

void write_log(const hyalite_host* host, std::uint32_t level, hyalite_bytes message,
               const hyalite_field* fields, std::size_t count) {
  // A level that nobody knows is the most talkative one.
  const auto known = static_cast<LogLevel>(std::min<std::uint32_t>(level, HYALITE_LOG_DEBUG));
  InstanceHost::of(host).say(known, view(message), fields, count);
}

std::int64_t now(const hyalite_host* host, std::uint32_t clock) {
  const Clock& time = *InstanceHost::of(host).services().clock;
  return clock == HYALITE_CLOCK_MONOTONIC ? std::chrono::nanoseconds(time.now().time_since_epoch()).count() : nanoseconds(time.wall_time());
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

// Keys are written as they are: nothing may be in them that could end a line or look like another
// key.
std::string safe_key(std::string_view key) {
  std::string out(key.substr(0, 64));
  for (char& c : out) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-';
    if (!fine) c = '_';
  }
  return out;
}

}  // namespace

const void* host_interface(std::string_view wanted) {
  if (wanted == HYALITE_HOST_SETTINGS_ID) return settings_table();
  if (wanted == HYALITE_HOST_METRICS_ID) return metrics_table();
  if (wanted == HYALITE_HOST_FLOW_ID) return flow_table();
  if (wanted == HYALITE_HOST_TLS_ID) return tls_table();
  if (wanted == HYALITE_HOST_HTTP_ID) return http_table();
  if (wanted == HYALITE_HOST_BODY_ID) return body_table();
  if (wanted == HYALITE_HOST_ASYNC_ID) return async_table();
  if (wanted == HYALITE_HOST_NOTES_ID) return notes_table();
  if (wanted == HYALITE_HOST_WS_ID) return ws_table();
  if (wanted == HYALITE_HOST_CHANNEL_ID) return channel_table();
  if (wanted == HYALITE_HOST_FETCH_ID) return fetch_table();
  return nullptr;
}

unsigned count_threads() {
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return 0;
  unsigned count = 0;
  while (const dirent* entry = ::readdir(tasks)) count += entry->d_name[0] != '.' ? 1u : 0u;
  ::closedir(tasks);
  return count;
}

HostServices::HostServices(Layout& layout_, const ChainLimits& limits_, CallSlot* slot_, Log& log_)
    : log(log_), limits(limits_), layout(layout_), slot(slot_), async(limits_), clock(&system_clock()), threads(count_threads()) {}

InstanceHost::InstanceHost(HostServices& services, std::string instance, bool validates)
    : services_(services), instance_(std::move(instance)) {
  table_.size = sizeof table_;
  table_.abi_major = HYALITE_ABI_MAJOR;
  table_.abi_minor = HYALITE_ABI_MINOR;
  table_.self = this;
  table_.product = abi("hyalite");
  table_.version = abi(HYALITE_VERSION);
  table_.instance = abi(instance_);
  table_.worker_index = HYALITE_NO_WORKER;
  for (const LogLevel level :
       {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug}) {
    if (services_.log.enabled(level)) table_.log_level = static_cast<std::uint32_t>(level);
  }
  table_.get_interface = validates ? &get_checked_interface : &get_interface;
  table_.log = &write_log;
  table_.now = &now;
  lines_left_ = kMostLines;
  lines_since_ = clock_ns(CLOCK_MONOTONIC);
  counts_.fill(&nowhere_);
  declare_counts();
}

InstanceHost::~InstanceHost() = default;

void InstanceHost::declare_counts() {
  struct What {
    std::string_view name, help;
  };
  static constexpr std::array<What, kInstanceCounts> kCounts{{
      {"hyalite_plugin_calls_total", "Calls into the plugin."},
      {"hyalite_plugin_errors_total",
       "Calls that failed: an exception, an error verdict, or a mistake in the use of the "
       "interface."},
      {"hyalite_plugin_misuses_total", "Of these: verdicts and decisions that were not allowed."},
      {"hyalite_plugin_slow_calls_total",
       "Calls that took longer than containment.call_budget.warn, and work longer than containment.work_budget.warn."},
      {"hyalite_plugin_decisions_total",
       "Exchanges and flows that the plugin answered, reset, passed through or redirected."},
      {"hyalite_plugin_left_out_total",
       "Exchanges and flows that went on without the plugin after it failed."},
      {"hyalite_plugin_overflows_total", "Bodies and messages that were larger than the plugin asked to see."},
      {"hyalite_plugin_pauses_total", "Times the plugin let a flow or an exchange wait."},
      {"hyalite_plugin_late_pauses_total", "Of these: those that it did not end before their deadline."},
      {"hyalite_plugin_misused_calls_total",
       "Calls of the proxy that validation found wrong (plugins[].validate)."},
      {"hyalite_plugin_undecoded_bodies_total",
       "Bodies the plugin asked to see decoded that were not what their coding says, or too large."},
  }};
  for (std::size_t i = 0; i < kInstanceCounts; ++i) {
    MetricFamily family;
    family.name = kCounts[i].name;
    family.help = kCounts[i].help;
    // Names of instances are unique, so this is not refused unless the board is full; then we count
    // nowhere.
    if (const auto cell = services_.layout.declare(family, {{"instance", instance_}}))
      count_cells_[i] = *cell;
  }
}

Result<void> InstanceHost::open_settings(const PluginSettings& settings, std::size_t chain_index,
                                         std::string_view file, Mistakes& mistakes) {
  auto document = JsonDocument::parse(settings.settings.json);
  if (!document) return document.error();
  session_ = std::make_unique<SettingsSession>(std::move(*document), settings, chain_index, file,
                                               mistakes);
  return {};
}

void InstanceHost::close_settings() { session_.reset(); }

Result<std::uint32_t> InstanceHost::define(const MetricFamily& family, MetricLabels labels) {
  if (own_cells_.size() == kMostMetrics) return Error{Fault::plugin, "more than 256 metrics"};
  labels.push_back({"instance", instance_});
  const auto cell = services_.layout.declare(family, labels);
  if (!cell) return cell.error();
  own_cells_.push_back(*cell);
  return static_cast<std::uint32_t>(own_cells_.size() - 1);
}

void InstanceHost::start(std::uint32_t worker, const MetricRow& row) {
  table_.worker_index = worker;
  row_ = row;
  for (std::size_t i = 0; i < kInstanceCounts; ++i) counts_[i] = row.cell(count_cells_[i]);
}

std::uint64_t* InstanceHost::cell(std::uint32_t id) {
  if (id >= own_cells_.size()) return nullptr;
  return row_ ? row_->cell(own_cells_[id]) : &nowhere_;
}

bool InstanceHost::may_speak() {
  const std::int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  const std::int64_t earned = (now_ns - lines_since_) / kLineEvery;
  if (earned > 0) {
    lines_left_ = static_cast<unsigned>(std::min<std::int64_t>(kMostLines, lines_left_ + earned));
    lines_since_ += earned * kLineEvery;
  }
  if (lines_left_ == 0) {
    ++lines_dropped_;
    return false;
  }
  --lines_left_;
  return true;
}

void InstanceHost::say(LogLevel level, std::string_view message, const hyalite_field* fields,
                       std::size_t count) {
  if (!services_.log.enabled(level)) return;
  const std::lock_guard lock(speaking_);
  if (!may_speak()) return;
  std::vector<std::string> keys;
  keys.reserve(kMostFields);
  std::vector<LogField> list{{"instance", instance_},
                             {"message", std::string(message.substr(0, kMostMessageBytes))}};
  for (std::size_t i = 0; fields != nullptr && i < std::min(count, kMostFields); ++i) {
    keys.push_back(safe_key(view(fields[i].name)));
    list.emplace_back(keys.back(), view(fields[i].value).substr(0, kMostMessageBytes));
  }
  if (level == LogLevel::error) {
    words_ = list[1].second;
    for (std::size_t i = 2; i < list.size(); ++i)
      words_ += (i == 2 ? ": " : ", ") + std::string(list[i].first) + ' ' + list[i].second;
    has_words_.store(true, std::memory_order_relaxed);
  }
  if (lines_dropped_ > 0)
    list.emplace_back("lines_dropped", std::to_string(std::exchange(lines_dropped_, 0)));
  services_.log.write(level, "plugin.said", list);
}

std::string InstanceHost::take_words() {
  const std::lock_guard lock(speaking_);
  has_words_.store(false, std::memory_order_relaxed);
  return std::exchange(words_, {});
}

void InstanceHost::complain(std::string_view event, std::string_view hook, std::string_view what,
                            LogLevel level) {
  tell(event, level, {{"hook", std::string(hook)}, {"what", std::string(what)}});
}

void InstanceHost::misused(std::string_view function, std::string_view hook,
                           std::string_view what) {
  {
    const std::lock_guard lock(speaking_);
    count(InstanceCount::misused_calls);
  }
  tell("plugin.misused", LogLevel::error,
       {{"hook", std::string(hook)},
        {"function", std::string(function)},
        {"what", std::string(what)}});
}

void InstanceHost::tell(std::string_view event, LogLevel level,
                        std::initializer_list<LogField> fields) {
  const std::lock_guard lock(speaking_);
  if (!may_speak()) return;
  std::vector<LogField> list{{"instance", instance_}};
  list.insert(list.end(), fields);
  if (lines_dropped_ > 0)
    list.emplace_back("lines_dropped", std::to_string(std::exchange(lines_dropped_, 0)));
  services_.log.write(level, event, list);
}

}  // namespace hyalite

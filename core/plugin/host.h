// What a plugin may ask of the proxy: the ABI's tables, and what stands behind them.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "metrics/board.h"
#include "metrics/layout.h"
#include "plugin/async.h"
#include "plugin/call_slot.h"
#include "plugin/header_views.h"
#include "plugin/instance.h"
#include "plugin/limits.h"
#include "plugin/message_edit.h"
#include "plugin/noted.h"
#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// What all instances of a chain share. Made before them, outlives them.
class HostServices {
 public:
  // `layout` is used until the board is made from it; `slot` (may be null) and `log` outlive this.
  HostServices(Layout& layout, const ChainLimits& limits, CallSlot* slot, Log& log);

  Log& log;
  const ChainLimits limits;
  Layout& layout;
  HeaderNames names;
  NoteKeys note_keys;
  Views views;
  CallSlot* slot;
  Async async;
  CallHistory* history = nullptr;     // of this worker; null before start
  const hyalite_window* window = nullptr;  // what the next body hook lends
  std::uint64_t window_would_hold = 0;     // its bytes, were its plugin to pause
  MessageEdit* message = nullptr;          // what a ws_message hook does
  std::size_t instances = 0;          // of the chain
  std::uint64_t held_body_bytes = 0;  // by all pipes of this worker
  const Clock* clock;  // what plugins are told the time by; read by any thread
  // Threads of this process before any plugin was loaded.
  const unsigned threads;
};

// Of this process, now. 0: it cannot be told (no /proc).
unsigned count_threads();

class SettingsSession;

// One instance's way to the host: its root table, its settings while it is created, its counters.
class InstanceHost {
 public:
  // `validates`: its calls are checked (validation.h).
  InstanceHost(HostServices& services, std::string instance, bool validates);
  ~InstanceHost();
  InstanceHost(const InstanceHost&) = delete;
  InstanceHost& operator=(const InstanceHost&) = delete;

  static InstanceHost& of(const hyalite_host* host) {
    return *static_cast<InstanceHost*>(host->self);
  }
  const hyalite_host* table() const { return &table_; }
  const std::string& instance() const { return instance_; }
  std::size_t place = 0;  // in the chain, which sets it
  HostServices& services() const { return services_; }

  // ---- while it is created
  // The settings can be read, names defined, and mistakes told, until the end. Both are lent until
  // then.
  Result<void> open_settings(const PluginSettings& settings, std::size_t chain_index,
                             std::string_view file, Mistakes& mistakes);
  void close_settings();
  SettingsSession* session() const { return session_.get(); }
  // The plugin's own metrics.
  Result<std::uint32_t> define(const MetricFamily& family, MetricLabels labels);

  // ---- in a worker
  void start(std::uint32_t worker, const MetricRow& row);
  std::uint64_t* cell(
      std::uint32_t id);  // of the plugin's own metrics; null for an id it never got
  // What we count for it.
  void count(InstanceCount what) { ++*counts_[static_cast<std::size_t>(what)]; }

  // One line of the plugin's, if it has not written too many lately. [any thread]
  void say(LogLevel level, std::string_view message, const hyalite_field* fields,
           std::size_t count);
  // One line about the plugin, under the same limit. An error is what traffic suffers from.
  void complain(std::string_view event, std::string_view hook, std::string_view what,
                LogLevel level = LogLevel::warning);
  // One line about a call of ours that was wrong, and counted. [any thread]
  void misused(std::string_view function, std::string_view hook, std::string_view what);
  // The last error that the plugin told the log since forget_words(): why it failed, in its words.
  std::string take_words();
  void forget_words() {
    if (has_words_.load(std::memory_order_relaxed)) take_words();
  }

 private:
  bool may_speak();
  void tell(std::string_view event, LogLevel level, std::initializer_list<LogField> fields);
  void declare_counts();

  HostServices& services_;
  std::string instance_;
  hyalite_host table_{};
  std::unique_ptr<SettingsSession> session_;
  std::uint64_t nowhere_ = 0;  // counts before start go there
  std::array<Cell, kInstanceCounts> count_cells_{};
  std::array<std::uint64_t*, kInstanceCounts> counts_{};
  std::vector<Cell> own_cells_;
  std::optional<MetricRow> row_;
  std::mutex speaking_;
  std::int64_t lines_since_ = 0;  // monotonic ns: when the budget of lines was full last
  unsigned lines_left_ = 0;
  std::uint64_t lines_dropped_ = 0;
  std::string words_;
  std::atomic<bool> has_words_{false};
};

// A table by its exact id, or null.
const void* host_interface(std::string_view id);
// The tables, each in a file of its own (host_*.cc, window.cc).
const hyalite_host_settings* settings_table();
const hyalite_host_metrics* metrics_table();
const hyalite_host_flow* flow_table();
const hyalite_host_tls* tls_table();
const hyalite_host_http* http_table();
const hyalite_host_body* body_table();
const hyalite_host_async* async_table();
const hyalite_host_notes* notes_table();
const hyalite_host_ws* ws_table();
const hyalite_host_channel* channel_table();
const hyalite_host_fetch* fetch_table();

}  // namespace hyalite

// A worker without sockets: its plugins, its clock and its services, held by a test.
// SPDX-License-Identifier: MIT
//
// Everything between the sockets is what a worker runs: settings, loader, chain, route, flows, stages. Only where bytes come
// from and go to, what the time is, and what services say is played (held_*.h).
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/held_clock.h"
#include "harness/held_services.h"
#include "harness/held_worker.h"
#include "harness/observer.h"
#include "metrics/board.h"
#include "plugin/loader.h"
#include "settings/settings.h"

namespace hyalite {

struct BenchOptions {
  std::string settings;                  // a whole settings file; listeners may be missing
  std::string file = "settings";         // what mistakes call it; relative paths count from its directory
  std::vector<std::string> directories;  // where plugins are looked for by name
  bool validate = true;                  // checks each call of every plugin
  bool observe = true;                   // ended() is kept
};

// All calls from one thread. Talks end before it.
class Bench final {
 public:
  explicit Bench(BenchOptions options);
  // Whoever still talks is cut off; then the plugins stop, and are destroyed.
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // Why it does not work, a line each; empty: it does. If not, nothing else may be called.
  const std::string& mistakes() const { return mistakes_; }

  // Time passes: what becomes due meanwhile happens in its order, plugins' ticks included.
  void advance(std::chrono::nanoseconds by);
  // As HeldWorker::wait().
  bool wait(std::chrono::nanoseconds at_most) { return worker_->wait(at_most); }
  void reopen();
  void drain();

  // What the plugins and the engine wrote, each line ended.
  std::string log() const;
  // Of these: the errors and warnings.
  std::string complaints() const;
  // Nothing: there is no such counter. `metric` with or without "hyalite_plugin_"; `instance` empty: of the engine.
  std::optional<std::uint64_t> count(std::string_view metric, std::string_view instance) const;
  const std::vector<EndedExchange>& ended() const { return observer_.ended; }

  HeldServices& services() { return *services_; }
  const Settings& settings() const { return settings_; }
  // For talks.
  HeldWorker& worker() { return *worker_; }

 private:
  void load(BenchOptions& options);
  void open();
  void fire();

  HeldClock clock_;
  Observer observer_;
  std::string mistakes_;
  Settings settings_;
  Layout layout_;
  TallyPlaces places_;
  mutable std::mutex log_mutex_;
  std::vector<std::pair<bool, std::string>> lines_;  // true: a complaint
  Log log_;
  std::optional<HeldServices> services_;
  ChainLoad load_;
  std::optional<Board> board_;
  std::optional<TlsPolicy> tls_policy_;
  std::optional<HeldWorker> worker_;
  Monotonic next_tick_;
  bool started_ = false;
};

}  // namespace hyalite

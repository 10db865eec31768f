// A worker around its flows, without sockets: what it lends them, and what it delivers between two events.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "flow/needs.h"
#include "flow/route.h"
#include "flow/tally.h"
#include "harness/held_services.h"
#include "harness/held_tls.h"
#include "plugin/chain.h"
#include "settings/settings.h"

namespace hyalite {

class Talk;

// All outlive the worker.
struct HeldWorkerNeeds {
  const Settings& settings;
  Chain& chain;
  const Clock& clock;
  const TlsPolicy& tls_policy;
  Log& log;
  MetricRow row;
  const TallyPlaces& places;
  HeldOutbound& services;
  std::uint64_t flows_before = 0;  // their ids count from there
};

// All calls from one thread. Time belongs to whoever holds the clock.
class HeldWorker final : private FlowOwner, private LoopSignal {
 public:
  // Opens the chain; its owner starts it afterwards.
  explicit HeldWorker(const HeldWorkerNeeds& needs);
  HeldWorker(const HeldWorker&) = delete;
  HeldWorker& operator=(const HeldWorker&) = delete;

  // Everything happens that can happen at this moment.
  void settle();
  // Waits, at most that long by the real clock, for what plugins do on threads. True: something came, and happened.
  bool wait(std::chrono::nanoseconds at_most);
  // When something becomes due: after now, and as far as is known.
  std::optional<Monotonic> next_due() const;
  // What the time has come for happens: of plugins and services, or of flows, too.
  void fire_plugins();
  void fire_all();
  void drain();
  void cut_off_all();

  // ---- for talks
  const FlowNeeds& flow_needs() const { return flow_needs_; }
  const HeldWorkerNeeds& needs() const { return needs_; }
  const Route& route() const { return route_; }
  std::uint64_t next_flow() { return ++flows_; }
  void begin(Talk& talk);
  bool drains() const { return drains_; }

 private:
  void signal() override;
  void on_closed(Flow& flow) override;
  bool take_signal();
  bool tell_flows();

  const HeldWorkerNeeds needs_;
  Tally tally_;
  HeldTls tls_;
  std::vector<std::byte> refusals_memory_;
  Refusals refusals_;
  Route route_;
  Effects effects_;
  std::vector<char> scratch_;
  FlowNeeds flow_needs_;
  std::vector<Talk*> talks_;  // that are not over
  std::uint64_t flows_;
  bool drains_ = false, settling_ = false;

  std::mutex signal_mutex_;
  std::condition_variable signal_came_;
  bool signalled_ = false;
};

}  // namespace hyalite

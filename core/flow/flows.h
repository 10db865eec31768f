// All live flows of a worker: limits, the end of each, draining.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "event/timer.h"
#include "flow/needs.h"
#include "flow/socket_ports.h"
#include "net/listener.h"

namespace hyalite {

// What a worker's flows are lent, for their whole life.
struct FlowsNeeds {
  Loop& loop;
  const Settings& settings;
  Chain& chain;
  MetricRow row;
  const TallyPlaces& places;
  LoopTable& loop_table;
  Log& log;
  unsigned worker;
  unsigned workers;
  TlsEngine& tls;
  const TlsPolicy& tls_policy;
  Refusals& refusals;  // who refused our certificates, shared by all workers
  unsigned loop_table_owner = 0;  // as which this worker's connections stand in the table
};

class Flows final : private FlowOwner {
 public:
  explicit Flows(const FlowsNeeds& needs);
  ~Flows();
  Flows(const Flows&) = delete;
  Flows& operator=(const Flows&) = delete;

  // Each worker allows its share of the gateway's limits; beyond it a client is reset.
  void accept(Accepted client);
  void refuse(Refused client);
  void exhausted(std::size_t shed);
  // Nobody listens for clients any more; those who were in doubt (net/suspects.h) may still come. May be called again with an earlier deadline; 0: end them all now.
  void drain(Milliseconds deadline);
  std::size_t size() const { return flows_.size(); }
  // For people: a JSON array of the flows of this moment, at most `most` of them.
  std::string live_view(std::size_t most) const;

 private:
  void on_closed(Flow& flow) override;
  void start(std::unique_ptr<FlowFile> file, Fd client);
  std::optional<CloseReason> count_in(const ClientAddress& client);
  void count_out(const Flow& flow);
  void sweep();
  void on_tick();
  void on_drain_deadline();
  std::size_t share(std::size_t limit) const;
  FlowFacts facts(const Accepted& client);

  const FlowsNeeds needs_;
  Tally tally_;
  Wheel wheel_;
  Route route_;
  Effects effects_;
  std::vector<char> scratch_;
  PipePool pipes_;
  std::optional<UpstreamPool> pool_;
  SocketNeeds sockets_;
  FlowNeeds shared_;
  std::vector<std::string> listener_names_;
  std::unordered_map<std::uint64_t, std::unique_ptr<SocketFlow>> flows_;  // by id
  std::unordered_map<IpAddress, std::size_t, AddressHash> by_client_;
  std::vector<std::uint64_t> over_;  // to be swept after the event
  std::uint64_t next_id_;
  Turn sweep_;
  Ticker tick_;
  Timer drain_deadline_;
  bool draining_ = false;  // who still comes is served, and then told that this was it
};

}  // namespace hyalite

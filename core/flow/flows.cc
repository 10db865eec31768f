// All live flows of a worker: limits, the end of each, draining.
// SPDX-License-Identifier: MIT
#include "flow/flows.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "net/plain_transport.h"
#include "net/socket_options.h"

namespace hyalite {

namespace {

// One read takes as much as the kernel has: fewer system calls for large bodies.
constexpr std::size_t kScratchBytes = 256 * 1024;
// Each is two descriptors, and holds as much as may wait in a flow. What finds none is read.
constexpr std::size_t kMostPipes = 128, kKeptPipes = 8;

// Unique on this machine while it runs: processes that live have different ids.
std::uint64_t first_id() { return static_cast<std::uint64_t>(::getpid()) << 40 | 1; }

ArrivedBy arrived_by(ArrivalMode mode) {
  switch (mode) {
    case ArrivalMode::transparent: return ArrivedBy::transparent;
    case ArrivalMode::redirect: return ArrivedBy::redirect;
    case ArrivalMode::fixed: break;
  }
  return ArrivedBy::fixed;
}

void reset_at_once(const Fd& client) { (void)set_reset_on_close(client.get()); }

}  // namespace

Flows::Flows(const FlowsNeeds& needs)
    : needs_(needs),
      tally_(needs.row, needs.places),
      wheel_(needs.loop.clock()),
      route_(needs.settings, needs.chain, needs.tls_policy, needs.tls, needs.refusals, tally_, needs.log, needs.loop.clock()),
      scratch_(kScratchBytes),
      pipes_(kMostPipes, kKeptPipes, needs.settings.limits.buffered_bytes_per_flow),
      sockets_{needs.loop, wheel_, needs.loop_table, needs.loop_table_owner, tally_, nullptr},
      shared_{*this, needs.loop.clock(), route_, effects_, scratch_, needs.settings.limits.buffered_bytes_per_flow / 2,
              needs.settings.timeouts.linger, needs.settings.timeouts.body_idle, needs.settings.timeouts.tls_handshake, needs.tls, &pipes_},
      next_id_(first_id()),
      sweep_(needs.loop, callback<&Flows::sweep>(*this)),
      tick_(needs.loop, wheel_.tick(), callback<&Flows::on_tick>(*this)),
      drain_deadline_(needs.loop, callback<&Flows::on_drain_deadline>(*this)) {
  const ReuseSettings& reuse = needs.settings.upstream.reuse;
  if (reuse.enabled) sockets_.pool = &pool_.emplace(reuse, wheel_, tally_);
  for (const ListenerSettings& listener : needs.settings.listeners) listener_names_.push_back(listener.label());
}

// Whoever is still here is cut off, and every plugin hears of it.
Flows::~Flows() {
  on_drain_deadline();
  sweep();
}

std::size_t Flows::share(std::size_t limit) const { return (limit + needs_.workers - 1) / needs_.workers; }

FlowFacts Flows::facts(const Accepted& client) {
  FlowFacts facts;
  facts.id = next_id_++;
  facts.worker = needs_.worker;
  facts.opened_at = needs_.loop.clock().wall_time();
  facts.opened = needs_.loop.clock().now();
  facts.client = client.client;
  facts.destination = client.destination;
  facts.arrived_by = arrived_by(client.mode);
  facts.listener = listener_names_[client.listener];
  return facts;
}

// ---- beginnings ----

// Nothing: it has room, and is counted.
std::optional<CloseReason> Flows::count_in(const ClientAddress& client) {
  const LimitSettings& limits = needs_.settings.limits;
  if (flows_.size() >= share(limits.flows)) return CloseReason::limit_flows;
  std::size_t& of_client = by_client_[client.ip];
  if (limits.flows_per_client > 0 && of_client >= share(limits.flows_per_client)) return CloseReason::limit_client_flows;
  ++of_client;
  return std::nullopt;
}

void Flows::accept(Accepted client) {
  tally_.opened(client.mode);
  if (const auto limit = count_in(client.client)) {
    tally_.closed(*limit);
    return reset_at_once(client.fd);
  }
  auto file = std::make_unique<FlowFile>(facts(client), client.listener, client.mode);
  start(std::move(file), std::move(client.fd));
}

void Flows::refuse(Refused client) {
  tally_.not_served(client.why);
  needs_.log.debug("not_served", {{"reason", name(client.why)}, {"client", client.client.text()}});
  // A loop would only feed itself with our answer.
  if (client.why != ArrivalRefusal::direct_hit || count_in(client.client)) return reset_at_once(client.fd);
  Accepted turned_away{std::move(client.fd), client.client, {}, ArrivalMode::fixed, client.listener};
  start(std::make_unique<FlowFile>(facts(turned_away), client.listener, std::nullopt), std::move(turned_away.fd));
}

void Flows::exhausted(std::size_t shed) {
  ++tally_.exhausted;
  tally_.shed += shed;
  if (pool_) pool_->shed();
}

void Flows::start(std::unique_ptr<FlowFile> file, Fd client) {
  const std::uint64_t id = file->facts.id;
  FlowFile& kept = *file;
  auto flow = std::make_unique<SocketFlow>(sockets_, shared_, std::make_unique<PlainTransport>(std::move(client)), std::move(file));
  Flow& begun = flows_.emplace(id, std::move(flow)).first->second->flow;
  begun.begin(kept.arrival ? route_.begin(kept) : route_.turn_away());
  if (draining_) begun.drain();
}

// ---- ends ----

void Flows::on_closed(Flow& flow) {
  over_.push_back(flow.file().facts.id);
  sweep_.ask();
}

void Flows::sweep() {
  for (const std::uint64_t id : std::exchange(over_, {})) {
    const auto found = flows_.find(id);
    count_out(found->second->flow);
    flows_.erase(found);
  }
}

void Flows::count_out(const Flow& flow) {
  const FlowFile& file = flow.file();
  const auto of_client = by_client_.find(file.facts.client.ip);
  if (--of_client->second == 0) by_client_.erase(of_client);
  // Who is turned away is no flow to those who count.
  if (!file.arrival) return;
  tally_.closed(flow.reason());
  tally_.moved(flow.bytes_from(Side::client), flow.bytes_from(Side::upstream));
}

void Flows::drain(Milliseconds deadline) {
  draining_ = true;
  if (pool_) pool_->drain();
  for (const auto& [id, one] : flows_) one->flow.drain();
  drain_deadline_.start(deadline);
}

void Flows::on_drain_deadline() {
  for (const auto& [id, one] : flows_) one->flow.end(CloseReason::drained);
}

// ---- for people ----

void Flows::on_tick() {
  wheel_.advance();
  needs_.chain.tick();
}

std::string Flows::live_view(std::size_t most) const {
  std::string json = "[";
  std::size_t shown = 0;
  for (const auto& [id, one] : flows_) {
    if (shown++ == most) break;
    const Flow& flow = one->flow;
    const FlowFile& file = flow.file();
    json += shown > 1 ? ",{" : "{";
    json += "\"id\":" + std::to_string(id);
    json += ",\"client\":" + json_string(file.facts.client.text());
    json += ",\"destination\":" + json_string(file.facts.destination.text());
    json += ",\"listener\":" + json_string(file.facts.listener);
    json += ",\"stage\":" + json_string(flow.stage_name());
    json += ",\"server_name\":" + json_string(file.subject.server_name());
    json += ",\"exchanges\":" + std::to_string(file.exchanges);
    json += ",\"from_client\":" + std::to_string(flow.bytes_from(Side::client));
    json += ",\"from_upstream\":" + std::to_string(flow.bytes_from(Side::upstream));
    json += ",\"held\":" + std::to_string(flow.held()) + "}";
  }
  return json + "]";
}

}  // namespace hyalite

// The plugins in their order: runs a hook through them until one decides.
// SPDX-License-Identifier: MIT
#include "plugin/chain.h"

#include <cassert>
#include <ctime>

#include "plugin/abi.h"
#include "plugin/chain_call.h"

namespace hyalite {

namespace {

std::int64_t or_never(const std::optional<Nanoseconds>& time) { return time ? time->count() : -1; }

hyalite_exchange_summary summary_of(const ExchangeSummary& from, const Decision& decision,
                                    const Address& upstream) {
  hyalite_exchange_summary out{};
  out.size = sizeof out;
  out.end = static_cast<std::uint32_t>(from.end);
  out.status = from.status;
  out.upstream_status = from.upstream_status;
  out.from_client = from.from_client;
  out.to_upstream = from.to_upstream;
  out.from_upstream = from.from_upstream;
  out.to_client = from.to_client;
  out.request_content = from.request_content;
  out.response_content = from.response_content;
  out.upstream = abi(upstream);
  out.started_at = nanoseconds(from.started_at);
  out.duration = from.duration.count();
  out.request_head = or_never(from.request_head);
  out.connected = or_never(from.connected);
  out.request_sent = or_never(from.request_sent);
  out.response_head = or_never(from.response_head);
  out.reason = abi(from.reason);
  out.decided_by = abi(decision.decided_by);
  out.decision_reason = abi(decision.reason);
  return out;
}

hyalite_flow_summary summary_of(const FlowSummary& from, const Decision& decision) {
  hyalite_flow_summary out{};
  out.size = sizeof out;
  out.end = static_cast<std::uint32_t>(from.end);
  out.from_client = from.from_client;
  out.to_client = from.to_client;
  out.to_upstream = from.to_upstream;
  out.from_upstream = from.from_upstream;
  out.exchanges = from.exchanges;
  out.duration = from.duration.count();
  out.inspected = from.bypass.empty() ? 1 : 0;
  out.reason = abi(from.reason);
  out.bypass = abi(from.bypass);
  out.decided_by = abi(decision.decided_by);
  out.decision_reason = abi(decision.reason);
  return out;
}

static_assert(static_cast<std::uint32_t>(End::complete) == HYALITE_END_COMPLETE);
static_assert(static_cast<std::uint32_t>(End::client_refused) == HYALITE_END_CLIENT_REFUSED);
static_assert(static_cast<std::uint32_t>(End::error) == HYALITE_END_ERROR);

}  // namespace

Chain::Chain(std::unique_ptr<HostServices> services,
             std::vector<std::unique_ptr<Library>> libraries,
             std::vector<std::unique_ptr<Instance>> instances)
    : services_(std::move(services)),
      libraries_(std::move(libraries)),
      instances_(std::move(instances)) {
  assert(instances_.size() <= kMostInstances);
  services_->instances = instances_.size();
  for (std::size_t i = 0; i < kFlowHookCount; ++i) add(static_cast<Hook>(i));
  place_states();
}

Chain::~Chain() = default;

void Chain::add(Hook hook) {
  std::vector<Entry>& list = entries_[static_cast<std::size_t>(hook)];
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    const std::size_t at = runs_in_reverse(hook) ? instances_.size() - 1 - i : i;
    if (instances_[at]->hooks().has(hook))
      list.push_back({instances_[at].get(), static_cast<std::uint32_t>(at)});
  }
  if (!list.empty()) wanted_ |= std::uint64_t{1} << static_cast<unsigned>(hook);
}

void Chain::place_states() {
  const auto place = [](std::size_t size, std::size_t& total) {
    constexpr std::size_t kAlignment = alignof(std::max_align_t);
    const std::size_t at = total;
    total += (size + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  };
  for (const auto& instance : instances_) {
    instance->flow_state_at = place(instance->hooks().state.flow_size, flow_state_bytes_);
    instance->exchange_state_at =
        place(instance->hooks().state.exchange_size, exchange_state_bytes_);
  }
}

// ---- a worker's life

Result<void> Chain::start(std::uint32_t worker, std::uint32_t workers, const MetricRow& row,
                          CallSlot* slot) {
  services_->slot = slot;
  const hyalite_worker about{sizeof about, worker, workers, 0};
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    Instance& instance = *instances_[i];
    instance.host().start(worker, row);
    if (instance.descriptor().start == nullptr) continue;
    const auto start = [&](Instance& self) { return self.descriptor().start(self.self(), &about); };
    if (!call_life(Hook::start, i, start)) {
      return Error{Fault::plugin, "the plugin \"" + instance.name() +
                                      "\" could not start; its lines in the log may say why"};
    }
  }
  return {};
}

void Chain::run_life(Hook hook, hyalite_status (*hyalite_descriptor::*member)(void*)) {
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    const auto function = instances_[i]->descriptor().*member;
    if (function != nullptr)
      call_life(hook, i, [&](Instance& instance) { return function(instance.self()); });
  }
}

void Chain::tick() { run_life(Hook::tick, &hyalite_descriptor::tick); }
void Chain::reopen() { run_life(Hook::reopen, &hyalite_descriptor::reopen); }
void Chain::drain() { run_life(Hook::drain, &hyalite_descriptor::drain); }
void Chain::stop() { run_life(Hook::stop, &hyalite_descriptor::stop); }

void Chain::destroy() {
  for (const auto& instance : instances_) instance->destroy();
}

// ---- a flow

Answer Chain::flow_open(FlowSubject& flow) {
  if (flow_state_bytes_ > 0)
    flow.notes.states = static_cast<char*>(flow.arena().allocate(flow_state_bytes_));
  return run(Hook::flow_open, flow, nullptr, [&](const Instance& i, void* state) {
    return i.hooks().flow.flow_open(i.self(), &flow, state);
  });
}

Answer Chain::protocol_known(FlowSubject& flow) {
  return run(Hook::protocol, flow, nullptr, [&](const Instance& i, void* state) {
    return i.hooks().flow.protocol(i.self(), &flow, state, flow.info().protocol);
  });
}

Answer Chain::client_hello(FlowSubject& flow) {
  return run(Hook::client_hello, flow, nullptr, [&](const Instance& i, void* state) {
    return i.hooks().tls.client_hello(i.self(), &flow, state, flow.client_hello_view());
  });
}

Answer Chain::upstream_connect(FlowSubject& flow, const Address& to) {
  return run(Hook::upstream_connect, flow, nullptr,
             [&, before = flow.redirect()](const Instance& i, void* state) {
               const hyalite_address address =
                   abi(flow.redirect() == before ? to : flow.upstream());
               return i.hooks().flow.upstream_connect(i.self(), &flow, state, &address);
             });
}

void Chain::flow_close(FlowSubject& flow, const FlowSummary& summary) {
  const hyalite_flow_summary about = summary_of(summary, flow.decision());
  run(Hook::flow_close, flow, nullptr, [&](const Instance& i, void* state) {
    return i.hooks().flow.flow_close(i.self(), &flow, state, &about);
  });
  end_states(flow, nullptr);
}

// ---- an exchange

void Chain::exchange_open(ExchangeSubject& exchange) {
  if (exchange_state_bytes_ > 0)
    exchange.notes.states = static_cast<char*>(exchange.arena().allocate(exchange_state_bytes_));
}

const hyalite_headers* Chain::view_of(const Fields* fields) {
  return fields == nullptr ? nullptr : services_->views.of(*fields, services_->names);
}

Answer Chain::request_head(ExchangeSubject& exchange) {
  return run(Hook::request_head, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    return i.hooks().http.request_head(i.self(), &exchange, state, view_of(exchange.request));
  });
}

Answer Chain::request_trailers(ExchangeSubject& exchange) {
  return run(Hook::request_trailers, exchange.flow(), &exchange,
             [&](const Instance& i, void* state) {
               return i.hooks().http.request_trailers(i.self(), &exchange, state,
                                                      view_of(exchange.request_trailers));
             });
}

void Chain::request_end(ExchangeSubject& exchange) {
  run(Hook::request_end, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    return i.hooks().http.request_end(i.self(), &exchange, state);
  });
}

Answer Chain::response_info(ExchangeSubject& exchange) {
  exchange.drop_info(false);
  return run(Hook::response_info, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    const auto status = static_cast<std::uint32_t>(exchange.info->status());
    return i.hooks().http.response_info(i.self(), &exchange, state, status, view_of(exchange.info));
  });
}

Answer Chain::response_head(ExchangeSubject& exchange) {
  return run(Hook::response_head, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    return i.hooks().http.response_head(i.self(), &exchange, state, view_of(exchange.response));
  });
}

Answer Chain::response_trailers(ExchangeSubject& exchange) {
  return run(Hook::response_trailers, exchange.flow(), &exchange,
             [&](const Instance& i, void* state) {
               return i.hooks().http.response_trailers(i.self(), &exchange, state,
                                                       view_of(exchange.response_trailers));
             });
}

void Chain::response_end(ExchangeSubject& exchange) {
  run(Hook::response_end, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    return i.hooks().http.response_end(i.self(), &exchange, state);
  });
}

Answer Chain::tunnel_open(ExchangeSubject& exchange, TunnelKind kind) {
  return run(Hook::tunnel_open, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    return i.hooks().http.tunnel_open(i.self(), &exchange, state, static_cast<std::uint32_t>(kind));
  });
}

void Chain::exchange_end(ExchangeSubject& exchange, const ExchangeSummary& summary) {
  Decision redirected;  // a redirect is nobody's decision about the end, but people want to know
                        // who it was
  redirected.decided_by = exchange.redirected_by();
  const hyalite_exchange_summary about = summary_of(
      summary, exchange.decision().made() ? exchange.decision() : redirected, exchange.upstream());
  run(Hook::exchange_end, exchange.flow(), &exchange, [&](const Instance& i, void* state) {
    return i.hooks().http.exchange_end(i.self(), &exchange, state, &about);
  });
  end_states(exchange.flow(), &exchange);
}

}  // namespace hyalite

// The plugins in their order: runs a hook through them until one decides, or waits.
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
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    instances_[i]->host().place = i;
    validates_ |= instances_[i]->validates();
  }
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
                          CallSlot* slot, CallHistory* history) {
  services_->slot = slot;
  services_->history = history;
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

void Chain::tick() {
  for (const WorkPool::Slow& slow : services_->async.work.take_slow(services_->limits.work_warn_after)) {
    slow.owner->count(InstanceCount::slow);
    slow.owner->complain("plugin.slow", name(Hook::work), std::to_string(slow.ms) + " ms so far");
  }
  run_life(Hook::tick, &hyalite_descriptor::tick);
}
void Chain::reopen() { run_life(Hook::reopen, &hyalite_descriptor::reopen); }
void Chain::drain() { run_life(Hook::drain, &hyalite_descriptor::drain); }

void Chain::deliver() {
  services_->async.advance();
  for (Owed& owed : services_->async.errands.take()) {
    call_life(owed.hook, owed.to->place, [&](Instance& instance) {
      owed.errand->run(instance.self());
      return HYALITE_OK;
    });
  }
}

// Everything under way is told its end before the plugins are.
void Chain::stop() {
  if (services_->async.is_open()) {
    services_->async.stop();
    while (!services_->async.errands.close_if_empty()) deliver();
  }
  run_life(Hook::stop, &hyalite_descriptor::stop);
}

void Chain::destroy() {
  for (const auto& instance : instances_) instance->destroy();
}

// ---- the questions

hyalite_verdict Chain::put(const Question& question, const Instance& i, FlowSubject& flow,
                           ExchangeSubject* exchange, void* state) {
  const HookTables& hooks = i.hooks();
  switch (question.hook) {
    case Hook::flow_open:
      return hooks.flow.flow_open(i.self(), &flow, state);
    case Hook::protocol:
      return hooks.flow.protocol(i.self(), &flow, state, flow.info().protocol);
    case Hook::client_hello:
      return hooks.tls.client_hello(i.self(), &flow, state, flow.client_hello_view());
    case Hook::upstream_tls:
      return hooks.tls.upstream_tls(i.self(), &flow, state, flow.tls(HYALITE_SIDE_UPSTREAM));
    case Hook::tls_done:
      return hooks.tls.tls_done(i.self(), &flow, state, flow.tls(question.kind));
    case Hook::upstream_connect: {
      const bool redirected = flow.redirect() != question.redirect_before;
      const hyalite_address to = abi(redirected ? flow.upstream() : question.to);
      return hooks.flow.upstream_connect(i.self(), &flow, state, &to);
    }
    case Hook::request_head:
      return hooks.http.request_head(i.self(), exchange, state, view_of(exchange->request));
    case Hook::request_trailers:
      return hooks.http.request_trailers(i.self(), exchange, state,
                                         view_of(exchange->request_trailers));
    case Hook::request_end:
      return hooks.http.request_end(i.self(), exchange, state);
    case Hook::response_info:
      return hooks.http.response_info(i.self(), exchange, state,
                                      static_cast<std::uint32_t>(exchange->info->status()),
                                      view_of(exchange->info));
    case Hook::response_head:
      return hooks.http.response_head(i.self(), exchange, state, view_of(exchange->response));
    case Hook::response_trailers:
      return hooks.http.response_trailers(i.self(), exchange, state,
                                          view_of(exchange->response_trailers));
    case Hook::response_end:
      return hooks.http.response_end(i.self(), exchange, state);
    case Hook::tunnel_open:
      return hooks.http.tunnel_open(i.self(), exchange, state, question.kind);
    case Hook::exchange_end:
      return hooks.http.exchange_end(
          i.self(), exchange, state,
          static_cast<const hyalite_exchange_summary*>(question.summary));
    case Hook::flow_close:
      return hooks.flow.flow_close(i.self(), &flow, state,
                                   static_cast<const hyalite_flow_summary*>(question.summary));
    default:  // those with a window are asked by the pipes
      return HYALITE_ERROR;
  }
}

Answer Chain::run(const Question& question, FlowSubject& flow, ExchangeSubject* exchange,
                  std::size_t from) {
  const Hook hook = question.hook;
  if (!wants(hook)) return Answer::go_on;
  services_->views.begin_round();
  WaitingPlace place;
  if (may_pause(hook)) {
    place = {&standstills_of(flow, exchange), lane_of(hook)};
    end_wait(place);  // whoever asks anew waits for nobody
  }
  const std::vector<Entry>& list = entries(hook);
  for (std::size_t at = from; at < list.size(); ++at) {
    if (is_left_out(list[at], flow, exchange)) continue;
    const auto ask = [&](const Instance& instance, void* state) {
      return put(question, instance, flow, exchange, state);
    };
    const Answer answer = ask_one(hook, list[at], flow, exchange, place, ask);
    if (answer == Answer::go_on) continue;
    if (answer == Answer::paused) {
      Standstill& standstill = place.of->at(place.lane);
      standstill.question = question;
      standstill.at = at;
    }
    return answer;
  }
  return Answer::go_on;
}

// ---- a flow

Answer Chain::flow_open(FlowSubject& flow) {
  if (flow_state_bytes_ > 0)
    flow.notes.states = static_cast<char*>(flow.arena().allocate(flow_state_bytes_));
  return run({Hook::flow_open}, flow, nullptr);
}

Answer Chain::protocol_known(FlowSubject& flow) { return run({Hook::protocol}, flow, nullptr); }

Answer Chain::client_hello(FlowSubject& flow) { return run({Hook::client_hello}, flow, nullptr); }

Answer Chain::upstream_tls(FlowSubject& flow) { return run({Hook::upstream_tls}, flow, nullptr); }

Answer Chain::tls_done(FlowSubject& flow, hyalite_side side) {
  Question question{Hook::tls_done};
  question.kind = side;
  return run(question, flow, nullptr);
}

Answer Chain::upstream_connect(FlowSubject& flow, const Address& to) {
  return run({Hook::upstream_connect, to, flow.redirect()}, flow, nullptr);
}

void Chain::flow_close(FlowSubject& flow, const FlowSummary& summary) {
  end_waits(flow, nullptr);
  const hyalite_flow_summary about = summary_of(summary, flow.decision());
  Question question{Hook::flow_close};
  question.summary = &about;
  run(question, flow, nullptr);
  end_states(flow, nullptr);
  if (validates_) flow.bury();
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
  return run({Hook::request_head}, exchange.flow(), &exchange);
}

Answer Chain::request_trailers(ExchangeSubject& exchange) {
  return run({Hook::request_trailers}, exchange.flow(), &exchange);
}

void Chain::request_end(ExchangeSubject& exchange) {
  run({Hook::request_end}, exchange.flow(), &exchange);
}

Answer Chain::response_info(ExchangeSubject& exchange) {
  exchange.drop_info(false);
  return run({Hook::response_info}, exchange.flow(), &exchange);
}

Answer Chain::response_head(ExchangeSubject& exchange) {
  return run({Hook::response_head}, exchange.flow(), &exchange);
}

Answer Chain::response_trailers(ExchangeSubject& exchange) {
  return run({Hook::response_trailers}, exchange.flow(), &exchange);
}

void Chain::response_end(ExchangeSubject& exchange) {
  run({Hook::response_end}, exchange.flow(), &exchange);
}

Answer Chain::tunnel_open(ExchangeSubject& exchange, TunnelKind kind) {
  Question question{Hook::tunnel_open};
  question.kind = static_cast<std::uint32_t>(kind);
  const Answer answer = run(question, exchange.flow(), &exchange);
  if (answer == Answer::go_on && kind == TunnelKind::websocket) {
    exchange.message_interests.forget(exchange.notes.left_out);
    exchange.flow().message_interests = std::move(exchange.message_interests);
  }
  return answer;
}

void Chain::exchange_end(ExchangeSubject& exchange, const ExchangeSummary& summary) {
  end_waits(exchange.flow(), &exchange);
  Decision redirected;  // a redirect is nobody's decision about the end, but people want to know
                        // who it was
  redirected.decided_by = exchange.redirected_by();
  const hyalite_exchange_summary about = summary_of(
      summary, exchange.decision().made() ? exchange.decision() : redirected, exchange.upstream());
  Question question{Hook::exchange_end};
  question.summary = &about;
  run(question, exchange.flow(), &exchange);
  end_states(exchange.flow(), &exchange);
}

}  // namespace hyalite

// The life of a flow on one page: which stage comes next.
// SPDX-License-Identifier: MIT
#include "flow/route.h"

#include <algorithm>

#include "flow/end_of.h"
#include "flow/ending.h"
#include "flow/filter_pair.h"
#include "flow/handshaking.h"
#include "flow/inspecting.h"
#include "flow/stream_filter.h"
#include "flow/tunnelling.h"
#include "flow/turning_away.h"
#include "flow/waiting.h"
#include "flow/websocket_filter.h"

namespace hyalite {

namespace {

// A worker's memory of exchanges that ended: as many as are under way at once where much is going on.
constexpr std::size_t kMostSpareExchanges = 256;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 14 does not find it by itself

SniffingLimits sniffing_limits(const Settings& settings, const ListenerSettings& listener) {
  SniffingLimits limits;
  limits.silence = settings.timeouts.sniff_silence;
  limits.undecided = settings.timeouts.sniff;
  limits.idle = settings.timeouts.keepalive_idle;
  limits.bytes = settings.limits.sniff_bytes;
  limits.pass_undecided = listener.protocols.undecided == Treatment::pass;
  return limits;
}

}  // namespace

Route::Route(const Settings& settings, Chain& chain, const TlsPolicy& tls_policy, const TlsEngine& tls, Refusals& refusals, Tally& tally, Log& log,
             const Clock& clock)
    : settings_(settings),
      chain_(chain),
      tls_policy_(tls_policy),
      refusals_(refusals),
      tls_(tls),
      tally_(tally),
      log_(log),
      clock_(clock),
      bypass_(settings.bypass),
      exchanges_(kMostSpareExchanges) {
  for (const ListenerSettings& listener : settings.listeners) {
    rules_.push_back({sniffing_limits(settings, listener), {chain, HttpRules(settings, listener), bypass_, clock, tally, log, exchanges_, settings.upstream.reuse.enabled}});
  }
}

// ---- the beginning ----

std::unique_ptr<Stage> Route::begin(FlowFile& file) const {
  const FlowFacts& facts = file.facts;
  if (bypass_.covers(facts.client, facts.destination)) return tunnel(Uninspected::bypass, file);
  file.known_to_plugins = true;
  return judged(chain_.flow_open(file.subject), Opened{}, file);
}

std::unique_ptr<Stage> Route::sniff(const FlowFile& file) const {
  SniffingLimits limits = rules_[file.listener].sniffing;
  const auto& ports = settings_.listeners[file.listener].server_first_ports;
  // Inside of TLS both sides are there already.
  limits.server_first = !file.tls && std::count(ports.begin(), ports.end(), file.facts.destination.port) > 0;
  return std::make_unique<Sniffing>(limits, clock_);
}

std::unique_ptr<Stage> Route::turn_away() const {
  return std::make_unique<TurningAway>(settings_.timeouts.linger, clock_);
}

// ---- what follows what ----

std::unique_ptr<Stage> Route::next(const Outcome& outcome, FlowFile& file) const {
  return std::visit(Overloaded{
                        [&](const Sniffed& sniffed) { return after(sniffed, file); },
                        [&](const HelloRead& hello) { return after(hello, file); },
                        [&](const Secured& secured) { return after(secured, file); },
                        [&](const Upgraded&) { return tunnel(Uninspected::upgrade, file); },
                        [&](const TunnelOpened&) {
                          file.within_connect = true;
                          file.subject.set_connected();
                          return sniff(file);
                        },
                        [&](const PassedThrough& passed) { return tunnel(passed.why, file); },
                        [&](const Heard& heard) { return judged(heard.answer, heard.at, file); },
                        [&](const Stay&) -> std::unique_ptr<Stage> { return nullptr; },
                        [&](const Close& how) -> std::unique_ptr<Stage> { return std::make_unique<EndingFlow>(how); },
                    },
                    outcome);
}

std::unique_ptr<Stage> Route::judged(Answer answer, const Moment& at, FlowFile& file) const {
  switch (answer) {
    case Answer::decided: return by_decision(file);
    case Answer::paused: return std::make_unique<Waiting>(chain_, file.subject, at);
    case Answer::go_on: break;
  }
  return std::visit([&](const auto& moment) { return go_on(moment, file); }, at);
}

std::unique_ptr<Stage> Route::go_on(const Opened&, FlowFile& file) const { return sniff(file); }

std::unique_ptr<Stage> Route::after(const Sniffed& sniffed, FlowFile& file) const {
  using Found = Sniffed::Found;
  // A ClientHello is read before anybody is asked: then there is something to decide by.
  if (sniffed.found == Found::tls) file.subject.set_protocol(Protocol::tls);
  if (sniffed.found == Found::http1) file.subject.set_protocol(Protocol::http1);
  if (sniffed.found == Found::http2_preface) file.subject.set_protocol(Protocol::http2);
  if (sniffed.found == Found::other || sniffed.found == Found::server_first) {
    file.subject.set_protocol(Protocol::unknown);
  }
  return judged(chain_.protocol_known(file.subject), sniffed, file);
}

std::unique_ptr<Stage> Route::go_on(const Sniffed& sniffed, FlowFile& file) const {
  const ProtocolSettings& rules = settings_.listeners[file.listener].protocols;
  using Found = Sniffed::Found;
  switch (sniffed.found) {
    case Found::http1: return inspect(file);
    case Found::tls:
      // TLS inside of TLS: one layer is looked into.
      if (file.tls) return unless(rules.other, Uninspected::tls, file);
      if (rules.tls == Treatment::refuse) return unless(rules.tls, Uninspected::tls, file);
      file.hello = std::make_unique<ClientHelloReader>(settings_.limits.client_hello_bytes);
      return std::make_unique<Handshaking>(*file.hello, settings_.timeouts.head, clock_);
    case Found::http2_preface: return unless(rules.http2, Uninspected::http2, file);
    case Found::server_first: return unless(rules.other, Uninspected::server_first, file);
    case Found::other: break;
  }
  return unless(rules.other, Uninspected::other, file);
}

std::unique_ptr<Stage> Route::go_on(const HelloRead&, FlowFile& file) const { return by_hello(file); }

std::unique_ptr<Stage> Route::inspect(FlowFile& file) const {
  return std::make_unique<Inspecting>(rules_[file.listener].inspecting, file);
}

std::unique_ptr<Stage> Route::unless(Treatment treatment, Uninspected why, FlowFile& file) const {
  if (treatment == Treatment::pass) return tunnel(why, file);
  return std::make_unique<EndingFlow>(Close{CloseReason::protocol_refused, Ending::reset, Ending::reset});
}

std::unique_ptr<Stage> Route::tunnel(Uninspected why, FlowFile& file) const {
  const bool asked = why != Uninspected::bypass && why != Uninspected::plugin;
  std::unique_ptr<TunnelFilter> filter = asked ? tunnel_filter(file) : nullptr;
  // What plugins look at was inspected.
  if (!filter) file.pass_uninspected(why, tally_);
  // A handshake of ours began on the connection that there is; the client's has to begin on another one.
  const bool fresh = file.tls && file.tls->upstream_spoken && !file.tls->client.done;
  return std::make_unique<Tunnelling>(why, settings_.timeouts.tunnel_idle, clock_, std::move(filter),
                                      fresh ? Tunnelling::Upstream::fresh : Tunnelling::Upstream::as_it_is);
}

// First whoever wants the raw bytes, then, strictly, whoever wants messages: so what the former write is checked, too.
std::unique_ptr<TunnelFilter> Route::tunnel_filter(FlowFile& file) const {
  const bool raw = file.subject.wants_stream(Direction::request) || file.subject.wants_stream(Direction::response);
  auto stream = raw ? std::make_unique<StreamFilter>(chain_, file, tally_) : nullptr;
  if (!file.subject.wants_messages()) return stream;
  auto messages = std::make_unique<WebSocketFilter>(chain_, file, tally_);
  if (!stream) return messages;
  return std::make_unique<FilterPair>(file, std::move(stream), std::move(messages));
}

// ---- the end ----

void Route::end(FlowFile& file, CloseReason reason, const FlowBytes& bytes) const {
  if (!file.known_to_plugins) return;
  FlowSummary summary;
  summary.end = end_of(reason);
  summary.reason = name_of(reason);
  if (file.uninspected) summary.bypass = name_of(*file.uninspected);
  summary.from_client = bytes.from_client;
  summary.to_client = bytes.to_client;
  summary.to_upstream = bytes.to_upstream;
  summary.from_upstream = bytes.from_upstream;
  summary.exchanges = file.exchanges;
  summary.duration = clock_.now() - file.facts.opened;
  chain_.flow_close(file.subject, summary);
}

// ---- what plugins decided ----

std::unique_ptr<Stage> Route::by_decision(FlowFile& file) const {
  const Decision& decision = file.subject.decision();
  if (std::holds_alternative<PassThrough>(decision.what)) return pass_by_plugin(file);
  if (std::holds_alternative<Intercept>(decision.what)) return intercept(file);
  if (std::holds_alternative<AcceptCertificate>(decision.what)) return accept_upstream(file);
  if (const auto* block = std::get_if<Block>(&decision.what)) return block_by_plugin(*block, file);
  const CloseReason reason = reason_of(decision);
  return std::make_unique<EndingFlow>(Close{reason, Ending::reset, Ending::reset});
}

Target Route::target(const std::optional<Address>& instead, FlowFile& file) const {
  const bool asks = file.known_to_plugins && !file.uninspected;
  const Address where = instead.value_or(file.subject.upstream());
  return to(asks ? chain_.upstream_connect(file.subject, where) : Answer::go_on, instead, file);
}

Target Route::resumed_target(const std::optional<Address>& instead, FlowFile& file) const {
  return to(chain_.resume(file.subject, Lane::upstream), instead, file);
}

Target Route::to(Answer answer, const std::optional<Address>& instead, FlowFile& file) const {
  if (answer != Answer::go_on) return {answer, {}};
  const UpstreamSettings& upstream = settings_.upstream;
  ConnectSpec spec;
  spec.remote = instead ? *instead : file.subject.upstream();
  if (upstream.source == UpstreamSource::client) spec.as_client = file.facts.client;
  spec.keep_client_port = upstream.keep_client_port;
  spec.may_use_own_address = upstream.fall_back_to_own_address;
  if (upstream.mark != 0) spec.mark = upstream.mark;
  spec.mark_required = upstream.mark_required;
  // A tunnel may well wait for its server: only a request is sent at once.
  spec.data_follows = file.exchanges > 0;
  spec.within = settings_.timeouts.connect;
  return {Answer::go_on, spec};
}

}  // namespace hyalite

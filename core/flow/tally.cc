// What the flows of one worker count.
// SPDX-License-Identifier: MIT
#include "flow/tally.h"

#include <string_view>
#include <vector>

namespace hyalite {

namespace {

template <class Enum>
std::vector<std::string_view> names(std::size_t count, std::string_view (*name)(Enum)) {
  std::vector<std::string_view> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(name(static_cast<Enum>(i)));
  return result;
}

std::string_view id_of(Refusal refusal) { return describe(refusal).id; }

enum ConnectEnd : std::size_t { kConnected, kRefused, kTimedOut, kPortsExhausted, kFailed };
constexpr std::string_view kConnectEnds[] = {"connected", "refused", "timed_out", "ports_exhausted", "failed"};
constexpr std::string_view kSources[] = {"client_address_and_port", "client_address", "own_address"};
constexpr std::string_view kArrivals[] = {"transparent", "redirect", "fixed"};
constexpr std::string_view kNotServed[] = {"direct_hit", "loop_to_listener", "loop_of_ours"};
constexpr std::string_view kTlsAnswers[] = {"pass", "intercept", "block", "redirect"};
constexpr std::string_view kTlsHandshakes[] = {"client_full",   "client_resumed",   "client_failed",
                                               "upstream_full", "upstream_resumed", "upstream_failed"};
constexpr std::string_view kSides[] = {"client", "upstream"};

ConnectEnd end_of(const ConnectResult& result) {
  if (result.connection) return kConnected;
  const int code = result.connection.error().code;
  if (means_ports_exhausted(code)) return kPortsExhausted;
  return code == ECONNREFUSED ? kRefused : code == ETIMEDOUT ? kTimedOut : kFailed;
}

}  // namespace

TallyPlaces TallyPlaces::declare(Layout& layout) {
  TallyPlaces at;
  at.flows = layout.counter("hyalite_flows_total", "Connections of clients that were served.");
  at.flows_now = layout.gauge("hyalite_flows", "Connections of clients at this moment.");
  at.arrivals = layout.counters("hyalite_arrivals_total", "How connections were redirected here.", "mode", kArrivals);
  at.not_served = layout.counters("hyalite_not_served_total", "Connections that were turned away at once.", "reason",
                                  kNotServed);
  at.closed = layout.counters("hyalite_flows_closed_total", "Why connections ended.", "reason",
                              names<CloseReason>(kCloseReasons, name_of));
  at.uninspected = layout.counters("hyalite_uninspected_total", "Connections whose bytes passed without a look.",
                                   "reason", names<Uninspected>(kUninspected, name_of));
  at.exhausted = layout.counter("hyalite_accept_exhausted_total",
                                "Times that accepting rested for want of descriptors or memory.");
  at.shed = layout.counter("hyalite_accept_shed_total", "Connections closed unheard for want of descriptors.");
  at.exchanges = layout.counter("hyalite_exchanges_total", "HTTP requests whose head was whole and sound.");
  at.findings = layout.counter("hyalite_findings_total", "Things noticed about flows and exchanges.");
  at.refused_requests = layout.counters("hyalite_refused_requests_total", "Requests that were refused.", "reason",
                                        names<Refusal>(kRefusals, id_of));
  at.refused_responses = layout.counters("hyalite_refused_responses_total", "Responses that were refused.", "reason",
                                         names<Refusal>(kRefusals, id_of));
  at.websockets = layout.counter("hyalite_websockets_total", "Tunnels whose WebSocket frames were read.");
  at.refused_frames = layout.counters("hyalite_websocket_refused_total", "WebSockets that were ended for frames that break the rules.",
                                      "reason", names<FrameRefusal>(kFrameRefusals, name_of));
  at.tls_answers = layout.counters("hyalite_tls_answers_total", "What was decided about TLS connections.", "answer", kTlsAnswers);
  at.tls_handshakes = layout.counters("hyalite_tls_handshakes_total", "TLS handshakes that we took part in, by how they ended.",
                                      "result", kTlsHandshakes);
  at.tls_defects = layout.counters("hyalite_tls_defects_total", "Defects of upstreams' certificates.", "defect",
                                   names<Defect>(kDefects, name_of));
  at.tls_only_http2 = layout.counter("hyalite_tls_only_http2_total",
                                     "Clients that offer no HTTP but HTTP/2, and were to be intercepted.");
  at.tls_forbidden_names = layout.counter("hyalite_tls_forbidden_names_total",
                                          "Connections to names that the CA's name constraints do not permit.");
  at.tls_keys_logged = layout.counter("hyalite_tls_keys_logged_total",
                                      "Connections whose secrets a rule has written to tls.key_log.");
  at.tls_keys_not_logged = layout.counter("hyalite_tls_keys_not_logged_total",
                                          "Connections for whose secrets there was no room in tls.key_log.");
  at.connects = layout.counters("hyalite_connects_total", "Connections to upstreams, by how they ended.", "result",
                                kConnectEnds);
  at.connect_given_up = layout.counters("hyalite_connect_sources_given_up_total",
                                        "Source addresses that could not be used for upstream.", "source", kSources);
  at.connect_unguarded = layout.counter("hyalite_connects_unguarded_total",
                                        "Connections to upstreams that found no room in the table against loops.");
  at.connect_unmarked = layout.counter("hyalite_connects_unmarked_total",
                                       "Connections to upstreams without the mark that was asked for.");
  at.upstream_kept = layout.counter("hyalite_upstream_kept_total", "Connections to upstreams that were kept for a later flow.");
  at.upstream_reused = layout.counter("hyalite_upstream_reused_total", "Flows that went on over a connection that was kept.");
  at.upstream_idle = layout.gauge("hyalite_upstream_idle", "Connections to upstreams that wait for a flow at this moment.");
  at.upstream_idle_closed = layout.counters("hyalite_upstream_idle_closed_total", "Kept connections that were closed while they waited.",
                                            "reason", names<IdleEnd>(kIdleEnds, name_of));
  at.upstream_not_kept = layout.counters("hyalite_upstream_not_kept_total",
                                         "Connections to upstreams that were not kept, where upstream.reuse asks for it.", "reason",
                                         names<NotKept>(kNotKept, name_of));
  at.upstream_retried = layout.counter("hyalite_upstream_retried_total",
                                       "Requests sent once more, since the kept connection that they went on was closed.");
  at.bytes = layout.counters("hyalite_bytes_total", "Bytes received, by whom they came from.", "from", kSides);
  return at;
}

Tally::Tally(const MetricRow& row, const TallyPlaces& at)
    : exchanges(*row.cell(at.exchanges)),
      findings(*row.cell(at.findings)),
      websockets(*row.cell(at.websockets)),
      tls_only_http2(*row.cell(at.tls_only_http2)),
      tls_forbidden_names(*row.cell(at.tls_forbidden_names)),
      tls_keys_logged(*row.cell(at.tls_keys_logged)),
      tls_keys_not_logged(*row.cell(at.tls_keys_not_logged)),
      exhausted(*row.cell(at.exhausted)),
      shed(*row.cell(at.shed)),
      upstream_retried(*row.cell(at.upstream_retried)),
      flows_(*row.cell(at.flows)),
      flows_now_(*row.cell(at.flows_now)),
      arrivals_(row.cell(at.arrivals)),
      closed_(row.cell(at.closed)),
      not_served_(row.cell(at.not_served)),
      uninspected_(row.cell(at.uninspected)),
      refused_requests_(row.cell(at.refused_requests)),
      refused_responses_(row.cell(at.refused_responses)),
      refused_frames_(row.cell(at.refused_frames)),
      tls_answers_(row.cell(at.tls_answers)),
      tls_handshakes_(row.cell(at.tls_handshakes)),
      tls_defects_(row.cell(at.tls_defects)),
      connects_(row.cell(at.connects)),
      given_up_(row.cell(at.connect_given_up)),
      unguarded_(*row.cell(at.connect_unguarded)),
      unmarked_(*row.cell(at.connect_unmarked)),
      bytes_(row.cell(at.bytes)),
      upstream_kept_(*row.cell(at.upstream_kept)),
      upstream_reused_(*row.cell(at.upstream_reused)),
      upstream_idle_(*row.cell(at.upstream_idle)),
      upstream_idle_closed_(row.cell(at.upstream_idle_closed)),
      upstream_not_kept_(row.cell(at.upstream_not_kept)) {}

void Tally::opened(ArrivalMode mode) {
  ++flows_;
  ++flows_now_;
  ++arrivals_[static_cast<std::size_t>(mode)];
}

void Tally::closed(CloseReason reason) {
  --flows_now_;
  ++closed_[static_cast<std::size_t>(reason)];
}

void Tally::connected(const ConnectResult& result) {
  ++connects_[end_of(result)];
  for (const GivenUp& step : result.given_up()) ++given_up_[static_cast<std::size_t>(step.source)];
  if (!result.connection) return;
  if (result.connection->unguarded) ++unguarded_;
  if (result.connection->unmarked) ++unmarked_;
}

void Tally::shaken(bool upstream, const TlsFacts& facts) {
  ++tls_handshakes_[(upstream ? 3 : 0) + (!facts.done ? 2 : facts.resumed ? 1 : 0)];
  for (std::size_t i = 0; i < kDefects; ++i) {
    if (facts.defects.has(static_cast<Defect>(i))) ++tls_defects_[i];
  }
}

void Tally::moved(std::uint64_t from_client, std::uint64_t from_upstream) {
  bytes_[0] += from_client;
  bytes_[1] += from_upstream;
}

}  // namespace hyalite

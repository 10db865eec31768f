// Stage: HTTP/1, exchange after exchange.
// SPDX-License-Identifier: MIT
#include "flow/inspecting.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "flow/connect_failure.h"
#include "flow/end_of.h"
#include "flow/finding_line.h"
#include "flow/host_finding.h"
#include "http/connection.h"
#include "http/writer.h"

namespace hyalite {

Inspecting::Inspecting(const InspectingNeeds& needs, FlowFile& file)
    : needs_(needs),
      file_(file),
      keeping_(needs.reuses_upstreams && !file.tls && !file.within_connect),
      pace_(needs.rules.timeouts, needs.clock) {}

Inspecting::~Inspecting() = default;

Outcome Inspecting::on_start(bool upstream_connected, Effects&) {
  if (upstream_connected) connected_to_ = file_.subject.upstream();
  return Stay{};
}

Taken Inspecting::on_bytes(Side from, Bytes bytes, Effects& effects) {
  if (streaming_) return {bytes.size(), Stay{}};
  pace_.byte_came();
  if (from == Side::client) return take_request(bytes, effects);
  // An answer to nothing would be taken for the answer to the next request (RFC 9112, section 9.2).
  if (!awaits_response()) return {0, refuse_response(Refusal::unasked_response, effects)};
  Taken taken = take_response(bytes, effects);
  // So would what stands behind a whole response, even if the client has asked again: it was sent before that was passed on.
  if (streaming_ || taken.bytes == bytes.size()) return taken;
  // It is refused once all of the response has left.
  if (exchange_ && exchange_->response_body.only_leaves()) more_behind_ = true;
  if (awaits_response()) return taken;
  if (std::holds_alternative<Stay>(taken.outcome)) return {taken.bytes, refuse_response(Refusal::unasked_response, effects)};
  // Behind the last one it can only be counted. (Where a plugin stops a tunnel as it opens, it is none.)
  auto* close = std::get_if<Close>(&taken.outcome);
  if (close == nullptr || close->reason != CloseReason::finished) return taken;
  note_unasked();
  // Another client would get it.
  if (close->upstream == Ending::kept) close->upstream = Ending::reset;
  return taken;
}

void Inspecting::note_unasked() {
  needs_.tally.refused_response(Refusal::unasked_response);
  keeping_.refuses();
}

// ---- the request ----

// A head leaves together with what came of its body: as one segment, where that is possible.
Taken Inspecting::take_request(Bytes bytes, Effects& effects) {
  if (ask_ != Ask::head) return take_request_body(bytes, effects);
  const Taken head = take_request_head(bytes, effects);
  const bool body_may_pass = (ask_ == Ask::held || ask_ == Ask::body) && !request_waits() && !streaming_;
  if (!body_may_pass || head.bytes == bytes.size() || !std::holds_alternative<Stay>(head.outcome)) return head;
  const Taken body = take_request_body(bytes.substr(head.bytes), effects);
  return {head.bytes + body.bytes, body.outcome};
}

Taken Inspecting::take_request_head(Bytes bytes, Effects& effects) {
  if (!exchange_) {
    exchange_ = needs_.pool.begin(needs_.chain, file_.subject, ++file_.exchanges, needs_.rules, needs_.clock);
    if (std::exchange(empty_line_read_, false)) exchange_->request_reader.empty_line_was_read();
  }
  const HeadProgress head = exchange_->request_reader.read(bytes, exchange_->request);
  switch (head.step) {
    case HeadProgress::Step::need_more:
      // Nothing but the empty line that some clients send behind a body (RFC 9112, section 2.2): that is no request yet.
      if (head.consumed == bytes.size()) empty_line_read_ = true, take_exchange_back();
      return {head.consumed, Stay{}};
    case HeadProgress::Step::refused: return {head.consumed, refuse_request(head.refusal, effects)};
    case HeadProgress::Step::complete: break;
  }
  if (file_.exchanges == 1 && needs_.bypass.covers_name(exchange_->request.value(Name::host))) {
    take_exchange_back();
    return {0, PassedThrough{Uninspected::bypass}};
  }
  exchange_->summary.from_client += exchange_->request.raw().size();
  if (only_connect_ && !exchange_->request.is_connect()) {
    return {head.consumed, refuse_request(Refusal::behind_refused_connect, effects)};
  }
  return {head.consumed, asked(head, effects)};
}

// It never was.
void Inspecting::take_exchange_back() {
  --file_.exchanges;
  exchange_->forget();
  exchange_.reset();
}

Outcome Inspecting::asked(const HeadProgress& head, Effects& effects) {
  Exchange& x = *exchange_;
  ++needs_.tally.exchanges;
  pace_.request_began();
  x.target_size = x.request.target().size();
  return judged_request(x.judge_request(head.framing), effects);
}

Outcome Inspecting::judged_request(Answer said, Effects& effects) {
  Exchange& x = *exchange_;
  if (said == Answer::paused) {
    ask_ = Ask::judging;
    return pace_.request_waits(), Stay{};
  }
  if (said == Answer::decided) {
    ask_ = x.request_has_body() ? Ask::body : Ask::done;
    return decided(effects);
  }
  ask_ = Ask::held;
  if (x.target_size > needs_.rules.target_bytes) return refuse_request(Refusal::target_too_long, effects);
  if (x.request.is_connect() && needs_.rules.connect == Treatment::refuse) {
    return answer(403, "This network does not allow tunnels by CONNECT", "connect_refused", End::client_refused,
                  Close{CloseReason::protocol_refused}, effects);
  }
  if (note_findings() && needs_.rules.host_mismatch == FindingAction::refuse) {
    return answer(421, "The request's host does not belong to the address that it was sent to", "host_mismatch",
                  End::client_refused, Close{CloseReason::protocol_refused}, effects);
  }
  if (!x.request_body.head_may_go()) {
    // The client waits for a word before it sends what plugins want to see first.
    if (x.awaits_continue()) {
      effects.send(Side::client, kContinue);
      x.promised_continue = true;
    }
    return Stay{};
  }
  return forward_request(effects);
}

bool Inspecting::note_findings() {
  const std::vector<std::string>* names = file_.tls && file_.tls->names ? &*file_.tls->names : nullptr;
  const auto finding = host_finding(exchange_->request.value(Name::host), file_.subject, file_.facts.destination, names);
  if (!finding) return false;
  exchange_->subject.findings.add("hyalite", finding->name, finding->detail);
  ++needs_.tally.findings;
  // A client can say it again with each request; one line tells of it.
  if (needs_.rules.host_mismatch == FindingAction::log && !std::exchange(file_.finding_logged, true)) {
    log_finding(needs_.log, file_.facts, finding->name, finding->detail);
  }
  return true;
}

Taken Inspecting::take_request_body(Bytes bytes, Effects& effects) {
  Exchange& x = *exchange_;
  const Relay::Step step = x.request_body.feed(bytes);
  x.summary.from_client += step.taken;
  return {step.taken, moved_request(step, effects)};
}

Outcome Inspecting::moved_request(const Relay::Step& step, Effects& effects) {
  switch (step.kind) {
    case Relay::Step::Kind::refused: return refuse_request(step.refusal, effects);
    case Relay::Step::Kind::decided: return decided(effects);
    case Relay::Step::Kind::paused: return pace_.request_waits(), Stay{};
    case Relay::Step::Kind::going:
    case Relay::Step::Kind::complete: break;
  }
  if (ask_ == Ask::held) return exchange_->request_body.head_may_go() ? forward_request(effects) : Stay{};
  send_request_body(effects);
  return settle(effects);
}

Outcome Inspecting::resume_request(Effects& effects) {
  Exchange& x = *exchange_;
  pace_.request_goes_on();
  if (ask_ == Ask::judging) return judged_request(x.resume_request(), effects);
  return moved_request(x.request_body.resume(), effects);
}

// The request may go. Where it goes is known now, and not before: every plugin has spoken.
Outcome Inspecting::forward_request(Effects& effects) {
  const Address target = exchange_->subject.upstream();
  if (connected_to_ == target) return send_request(effects);
  Exchange& x = *exchange_;
  x.request_body.hold_output();
  if (connected_to_) effects.disconnect_upstream();
  leave_upstream();
  ask_ = Ask::connecting;
  pace_.request_waits();
  const bool any = keeping_.may_take(x.request, x.request_has_body(), !x.subject.findings.all().empty());
  effects.connect(x.subject.redirect(), any ? Which::any : Which::fresh);
  return Stay{};
}

Outcome Inspecting::on_connected(Effects& effects) {
  keeping_.connected();
  return upstream_is_there(pace_.since_request(), effects);
}

Outcome Inspecting::on_kept_connection(Effects& effects) {
  keeping_.found_kept();
  return upstream_is_there(Nanoseconds{0}, effects);
}

Outcome Inspecting::upstream_is_there(Nanoseconds connected_after, Effects& effects) {
  connected_to_ = exchange_ ? exchange_->subject.upstream() : file_.subject.upstream();
  if (ask_ != Ask::connecting) return Stay{};
  exchange_->summary.connected = connected_after;
  pace_.request_goes_on();
  exchange_->request_body.go_on();
  return send_request(effects);
}

Outcome Inspecting::send_request(Effects& effects) {
  Exchange& x = *exchange_;
  reply_ = Reply::head;
  keeping_.asks(x.request, x.request_has_body(), !x.subject.findings.all().empty());
  if (keeping_.is_hopeful()) x.withhold_close();
  if (const auto refusal = x.send_request_head(effects)) {
    effects.forget_sent();
    x.subject.request_sent = false;
    return refuse_request(*refusal, effects);
  }
  ask_ = Ask::body;
  send_request_body(effects);
  return Stay{};
}

void Inspecting::send_request_body(Effects& effects) {
  Exchange& x = *exchange_;
  for (Bytes piece : x.request_body.output()) {
    effects.send(Side::upstream, piece);
    x.summary.to_upstream += piece.size();
  }
  if (x.request_body.complete()) {
    ask_ = Ask::done;
    x.request_sent();
  }
}

// ---- the response ----

Taken Inspecting::take_response(Bytes bytes, Effects& effects) {
  if (reply_ != Reply::head) return take_response_body(bytes, effects);
  const Taken head = take_response_head(bytes, effects);
  const bool body_may_pass = (reply_ == Reply::held || reply_ == Reply::body) && !response_waits() && !streaming_;
  if (!body_may_pass || head.bytes == bytes.size() || !std::holds_alternative<Stay>(head.outcome)) return head;
  const Taken body = take_response_body(bytes.substr(head.bytes), effects);
  return {head.bytes + body.bytes, body.outcome};
}

Taken Inspecting::take_response_head(Bytes bytes, Effects& effects) {
  Exchange& x = *exchange_;
  const HeadProgress head = x.response_reader.read(bytes, x.asked(), x.response);
  switch (head.step) {
    case HeadProgress::Step::need_more:
      pace_.response_head_began();
      return {head.consumed, Stay{}};
    case HeadProgress::Step::refused: return {head.consumed, refuse_response(head.refusal, effects)};
    case HeadProgress::Step::complete: break;
  }
  pace_.response_head_is_whole();
  x.summary.from_upstream += head.consumed;
  if (!x.response.is_interim()) keeping_.answers(x.response, head.framing, ask_ == Ask::done);
  if (x.response.is_interim()) return {head.consumed, interim(effects)};
  return {head.consumed, answered(head, effects)};
}

// RFC 9110, section 15.2: passed on, all of them, but not without end; and no second 100 after our own.
Outcome Inspecting::interim(Effects& effects) {
  if (++exchange_->interims > needs_.rules.interim_responses) return refuse_response(Refusal::too_many_interim_responses, effects);
  if (exchange_->promised_continue && exchange_->response.status() == 100) return Stay{};
  std::optional<Refusal> refusal;
  const Answer said = exchange_->pass_interim(effects, refusal);
  if (refusal) return refuse_response(*refusal, effects);
  return said == Answer::decided ? decided(effects) : Outcome{Stay{}};
}

Outcome Inspecting::answered(const HeadProgress& head, Effects& effects) {
  Exchange& x = *exchange_;
  const bool tunnel = head.framing.kind == Framing::Kind::tunnel;
  if (tunnel && x.response.status() == 101) {
    const auto& rules = needs_.rules.upgrades;
    const UpgradeKind kind = upgrade_kind(x.response.value(Name::upgrade));
    const Treatment treatment = kind == UpgradeKind::websocket ? rules.websocket
                                : kind == UpgradeKind::h2c     ? rules.h2c
                                                              : rules.other;
    if (treatment == Treatment::refuse) {
      return answer(502, "This network does not allow the switch to this protocol", "upgrade_refused",
                    End::upstream_refused, Close{CloseReason::protocol_refused, Ending::in_order, Ending::reset},
                    effects);
    }
    if (x.agrees_unasked()) return refuse_response(Refusal::unasked_extension, effects);
  }
  return judged_response(x.judge_response(head.framing), effects);
}

Outcome Inspecting::judged_response(Answer said, Effects& effects) {
  Exchange& x = *exchange_;
  if (said == Answer::decided) return decided(effects);
  if (said == Answer::paused) {
    reply_ = Reply::judging;
    return Stay{};
  }
  if (!x.response_body.head_may_go()) {
    reply_ = Reply::held;
    return Stay{};
  }
  return send_response(effects);
}

// A client that counts on its tunnel may have sent what somebody else chose, before it knew. RFC 9931 asks to close then. Only
// where a proxy asks for authentication the client asks again, and does so on this very connection when that is what is
// authenticated: then nothing but a CONNECT may follow (docs/decisions/0005).
bool Inspecting::refuses_tunnel() const {
  const Exchange& x = *exchange_;
  return x.request.is_connect() && x.response.status() != 407;
}

bool Inspecting::will_close() const {
  const Exchange& x = *exchange_;
  return draining_ || !x.request_keeps_alive() || !x.response_keeps_alive() || refuses_tunnel();
}

Outcome Inspecting::send_response(Effects& effects) {
  Exchange& x = *exchange_;
  const bool tunnel = x.response.status() == 101 || (x.request.is_connect() && x.response.status() < 300);
  // The one edit we make by ourselves: a client that would come back on this connection, or whose wish upstream did not hear, is
  // told that it ends.
  const bool say_close = (draining_ || x.close_withheld()) && !tunnel;
  if (const auto refusal = x.send_response_head(say_close, effects)) {
    effects.forget_sent();
    return refuse_response(*refusal, effects);
  }
  reply_ = Reply::body;
  send_response_body(effects);
  return tunnel ? switch_protocol(effects) : settle(effects);
}

Taken Inspecting::take_response_body(Bytes bytes, Effects& effects) {
  Exchange& x = *exchange_;
  const Relay::Step step = x.response_body.feed(bytes);
  x.summary.from_upstream += step.taken;
  return {step.taken, moved_response(step, effects)};
}

Outcome Inspecting::moved_response(const Relay::Step& step, Effects& effects) {
  switch (step.kind) {
    case Relay::Step::Kind::refused: return refuse_response(step.refusal, effects);
    case Relay::Step::Kind::decided: return decided(effects);
    case Relay::Step::Kind::paused: return Stay{};
    case Relay::Step::Kind::going:
    case Relay::Step::Kind::complete: break;
  }
  if (reply_ == Reply::held) return exchange_->response_body.head_may_go() ? send_response(effects) : Stay{};
  send_response_body(effects);
  return settle(effects);
}

Outcome Inspecting::resume_response(Effects& effects) {
  Exchange& x = *exchange_;
  pace_.response_goes_on();
  if (reply_ == Reply::judging) return judged_response(x.resume_response(), effects);
  const Relay::Step step = x.response_body.resume();
  return connected_to_ ? moved_response(step, effects) : ended_response(step, effects);
}

void Inspecting::send_response_body(Effects& effects) {
  Exchange& x = *exchange_;
  for (Bytes piece : x.response_body.output()) {
    effects.send(Side::client, piece);
    x.summary.to_client += piece.size();
  }
  if (x.response_body.complete()) {
    reply_ = Reply::done;
    x.response_sent();
  }
}

Outcome Inspecting::switch_protocol(Effects& effects) {
  Exchange& x = *exchange_;
  const bool connect = x.request.is_connect();
  const std::string protocol = connect ? "connect" : to_lower(x.response.value(Name::upgrade));
  const bool websocket = upgrade_kind(protocol) == UpgradeKind::websocket;
  const TunnelKind kind = connect ? TunnelKind::connect : websocket ? TunnelKind::websocket : TunnelKind::upgrade;
  const bool stopped = x.open_tunnel(kind) == Answer::decided;
  x.end(stopped ? End::blocked : End::complete, "");
  if (stopped) return Close{reason_of(x.decision()), Ending::reset, Ending::reset};
  effects.keep(std::move(exchange_));
  leave_upstream();
  if (connect) return TunnelOpened{};
  return Upgraded{protocol};
}

// ---- what comes after ----

// Both halves may have ended, in either order.
Outcome Inspecting::settle(Effects& effects) {
  if (reply_ != Reply::done) return Stay{};
  Exchange& x = *exchange_;
  if (ask_ == Ask::done) {
    const bool close = will_close();
    if (close && more_behind_) note_unasked();
    keeping_.completes();
    // "close", of the client's, is its last request (RFC 9112, section 9.6).
    const Ending client = x.request_keeps_alive() ? Ending::in_order : Ending::agreed;
    x.end(End::complete, "");
    return close ? Outcome{Close{CloseReason::finished, client, upstream_ending()}} : next_exchange(effects);
  }
  // Answered before it was asked to the end: the rest of the request is still relayed, unless upstream closes now. What the client
  // has said to its end leaves in any case.
  if (!will_close() || x.request_body.only_leaves()) return Stay{};
  x.end(End::complete, "answered_early");
  return Close{CloseReason::finished, Ending::in_order, Ending::reset};
}

// The heads and held bodies lie in the exchange, and some of them are only now on their way.
Outcome Inspecting::next_exchange(Effects& effects) {
  only_connect_ = exchange_->request.is_connect();
  effects.keep(std::move(exchange_));
  ask_ = Ask::head;
  reply_ = Reply::none;
  pace_.await_request();
  return Stay{};
}

// ---- ends, failures, time ----

Outcome Inspecting::on_end(Side from, Bytes left, Effects& effects) {
  if (from == Side::client) return client_ended(left);
  if (may_ask_again()) return ask_again(effects);
  if (may_ask_another()) return let_upstream_go(effects);
  leave_upstream();
  switch (reply_) {
    case Reply::none:
    case Reply::done:
      return Close{CloseReason::upstream_left, Ending::in_order, request_under_way() ? Ending::reset : Ending::in_order};
    // It closed without a word: so do we. Half a head is not passed on.
    case Reply::head: return Close{CloseReason::upstream_broke, left.empty() ? Ending::in_order : Ending::reset, Ending::reset};
    case Reply::judging:
    case Reply::held:
    case Reply::body: break;
  }
  return ended_response(exchange_->response_body.finish(left), effects);
}

// It may still listen: what it asked for before is perhaps on its way to it.
Outcome Inspecting::client_ended(Bytes left) {
  if (streaming_) return Stay{};
  if (ask_ != Ask::head) return Close{CloseReason::client_broke, Ending::reset, Ending::reset};
  if (left.empty()) return Close{CloseReason::client_left, Ending::in_order, upstream_ending()};
  return Close{CloseReason::client_broke, Ending::in_order, upstream_ending()};
}

// It was closed while it was kept, or in the moment in which it was taken (RFC 9112, section 9.3.1). Once: the next one is fresh.
bool Inspecting::may_ask_again() const {
  const bool unanswered = reply_ == Reply::head && !pace_.response_head_came_in_part() && exchange_->summary.from_upstream == 0;
  return keeping_.is_unproven() && ask_ == Ask::done && unanswered;
}

// It was idle for too long, while plugins look at what comes next. Inside of a CONNECT it cannot be connected to again.
bool Inspecting::may_ask_another() const {
  return exchange_ && (ask_ == Ask::judging || ask_ == Ask::held) && !file_.within_connect;
}

// Whoever sends the request connects.
Outcome Inspecting::let_upstream_go(Effects& effects) {
  leave_upstream();
  effects.disconnect_upstream();
  return Stay{};
}

Outcome Inspecting::ask_again(Effects& effects) {
  ++needs_.tally.upstream_retried;
  connected_to_.reset();
  exchange_->summary.to_upstream = 0;
  ask_ = Ask::connecting;
  reply_ = Reply::none;
  effects.disconnect_upstream();
  effects.connect(exchange_->subject.redirect());
  return Stay{};
}

// Upstream has said all it had to say.
Outcome Inspecting::ended_response(const Relay::Step& step, Effects& effects) {
  Exchange& x = *exchange_;
  if (step.kind == Relay::Step::Kind::paused) return Stay{};
  if (step.kind == Relay::Step::Kind::decided) return decided(effects);
  if (step.kind == Relay::Step::Kind::refused) return Close{CloseReason::upstream_broke, Ending::reset, Ending::reset};
  if (reply_ == Reply::held) {
    Outcome outcome = send_response(effects);
    if (!std::holds_alternative<Stay>(outcome)) return outcome;
  } else {
    send_response_body(effects);
  }
  if (x.response_body.has_more()) return Stay{};
  x.end(End::complete, "");
  return Close{CloseReason::finished, Ending::in_order, ask_ == Ask::done ? Ending::in_order : Ending::reset};
}

Outcome Inspecting::on_connect_failed(ConnectFailure failure, Effects& effects) {
  const bool page = failure == ConnectFailure::timed_out && needs_.rules.on_timeout == TimeoutAnswer::page && exchange_;
  if (!page) return mirrored(failure);
  return answer(504, "The origin server did not accept a connection in time", "connect_timed_out",
                End::upstream_unreachable, Close{CloseReason::connect_timed_out}, effects);
}

Outcome Inspecting::on_deadline(Effects& effects) {
  if (streaming_) return streaming_->stands_still();
  if (!exchange_) return Close{CloseReason::idle_timed_out, Ending::in_order, upstream_ending()};
  if (ask_ == Ask::head) {
    return answer(408, "The head of the request did not come in time", "head_timed_out", End::timed_out,
                  Close{CloseReason::head_timed_out}, effects);
  }
  if ((ask_ == Ask::done || pace_.response_head_came_in_part()) && reply_ == Reply::head) {
    if (needs_.rules.on_timeout == TimeoutAnswer::reset) {
      return Close{CloseReason::head_timed_out, Ending::reset, Ending::reset};
    }
    return answer(504, "The origin server did not answer in time", "response_timed_out", End::timed_out,
                  Close{CloseReason::head_timed_out, Ending::in_order, Ending::reset}, effects);
  }
  return Close{CloseReason::body_too_slow, Ending::reset, Ending::reset};
}

Outcome Inspecting::on_broken(Side side, Effects& effects) {
  // Between exchanges nothing is lost.
  if (!exchange_ && side == Side::client) return Close{CloseReason::client_left, Ending::in_order, upstream_ending()};
  if (!exchange_) return Close{CloseReason::upstream_left};
  if (side == Side::upstream && may_ask_again()) return ask_again(effects);
  if (side == Side::upstream && may_ask_another()) return let_upstream_go(effects);
  // What the client was answered is whole, too: a reset would take it away again.
  if (side == Side::upstream && !awaits_response()) return Close{CloseReason::upstream_left, Ending::in_order, Ending::reset};
  return broken(side);
}

// A client that is idle may be about to send: it lives until its next response tells it to close, or until the deadline.
Outcome Inspecting::on_drain(Effects&) {
  draining_ = true;
  return Stay{};
}

// One direction may have ended the exchange before the other is asked.
Outcome Inspecting::on_resumed(Effects& effects) {
  if (streaming_) return Stay{};
  Outcome outcome = Stay{};
  if (exchange_ && exchange_->ready(Lane::request)) outcome = resume_request(effects);
  const bool goes_on = std::holds_alternative<Stay>(outcome);
  if (goes_on && exchange_ && exchange_->ready(Lane::response)) outcome = resume_response(effects);
  return outcome;
}

void Inspecting::on_closing(CloseReason reason) {
  leave_upstream();
  if (!exchange_) return;
  exchange_->end(end_of(reason), name_of(reason));
  exchange_->drop_bodies();
}

// What speaks against keeping its connection is counted, once.
void Inspecting::leave_upstream() {
  const auto why = connected_to_ ? keeping_.against() : std::nullopt;
  if (why) needs_.tally.not_kept(*why);
  connected_to_.reset();
}

bool Inspecting::wants(Side side) const {
  if (streaming_) return side == Side::client;
  if (has_more(other(side))) return false;
  if (side == Side::client) return (ask_ == Ask::head || ask_ == Ask::held || ask_ == Ask::body) && !request_waits();
  return connected_to_.has_value() && !response_waits();
}

bool Inspecting::awaits_rest(Side side) const {
  if (streaming_ || !exchange_) return false;
  if (side == Side::client) return ask_ != Ask::done;
  return pace_.response_head_came_in_part() || (awaits_response() && reply_ != Reply::head);
}

std::size_t Inspecting::reads_at_once(Side from) const {
  const bool awaits_head = from == Side::client ? ask_ == Ask::head : reply_ == Reply::head;
  return awaits_head ? kReadForHead : SIZE_MAX;
}

std::uint64_t Inspecting::passes_unseen(Side from) const {
  if (streaming_ || !exchange_) return 0;
  const bool request = from == Side::client;
  if (request ? ask_ != Ask::body || request_waits() : reply_ != Reply::body || response_waits()) return 0;
  const Relay& body = request ? exchange_->request_body : exchange_->response_body;
  const std::uint64_t ahead = body.passes_unseen();
  // One that ends with its connection is long when much of it came.
  const std::uint64_t known = body.content_in() + (ahead == UINT64_MAX ? 0 : ahead);
  return known < kLong ? 0 : ahead;
}

Outcome Inspecting::on_passed(Side from, std::uint64_t bytes, Effects& effects) {
  Exchange& x = *exchange_;
  pace_.byte_came();
  if (from == Side::client) {
    x.summary.from_client += bytes;
    x.summary.to_upstream += bytes;
    return moved_request(x.request_body.passed(bytes), effects);
  }
  x.summary.from_upstream += bytes;
  x.summary.to_client += bytes;
  return moved_response(x.response_body.passed(bytes), effects);
}

std::size_t Inspecting::held() const {
  return exchange_ ? exchange_->request_body.left() + exchange_->response_body.left() : 0;
}

// What was held leaves as it is taken.
bool Inspecting::has_more(Side to) const {
  if (streaming_) return to == Side::client && streaming_->has_more();
  if (!exchange_) return false;
  if (to == Side::client) return reply_ == Reply::body && exchange_->response_body.has_more();
  return ask_ == Ask::body && exchange_->request_body.has_more();
}

Outcome Inspecting::on_room(Side to, Effects& effects) {
  if (streaming_) {
    // What it had, an earlier turn has sent.
    exchange_->drop_bodies();
    return streaming_->go_on(effects);
  }
  pace_.byte_came();
  if (to == Side::upstream) return moved_request(exchange_->request_body.go_on(), effects);
  const Relay::Step step = exchange_->response_body.go_on();
  return connected_to_ ? moved_response(step, effects) : ended_response(step, effects);
}

std::optional<Monotonic> Inspecting::deadline() const {
  if (!exchange_) return pace_.for_next_request();
  if (streaming_) return streaming_->moved() + needs_.rules.timeouts.body_idle;
  if (ask_ == Ask::head) return pace_.for_request_head(exchange_->began());
  // Whoever lets something wait has a deadline of its own.
  if (ask_ == Ask::connecting || request_waits() || response_waits()) return std::nullopt;
  if (reply_ == Reply::head) {
    if (const auto due = pace_.for_response_head(ask_ == Ask::done)) return due;
  }
  // A client is not slow that waits for upstream to take what was held.
  const bool awaits_client = ask_ != Ask::done && !has_more(Side::upstream);
  return pace_.for_bodies(awaits_client ? std::optional(exchange_->request_body.content_in()) : std::nullopt);
}

}  // namespace hyalite

// Stage: HTTP/1, exchange after exchange. A request on its way.
// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <vector>

#include "flow/finding_line.h"
#include "flow/host_finding.h"
#include "flow/inspecting.h"
#include "http/connection.h"
#include "http/target.h"
#include "http/writer.h"

namespace hyalite {

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
    case HeadProgress::Step::refused:
      if (head.indexed) exchange_->request_came();
      return {head.consumed, refuse_request(head.refusal, effects)};
    case HeadProgress::Step::complete: break;
  }
  if (file_.exchanges == 1 && needs_.bypass.covers_name(exchange_->request.value(Name::host))) {
    take_exchange_back();
    return {0, PassedThrough{Uninspected::bypass}};
  }
  exchange_->request_came();
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
      x.awaits_continue_no_more();
    }
    return Stay{};
  }
  return forward_request(effects);
}

bool Inspecting::note_findings() {
  const std::vector<std::string>* names = file_.tls && file_.tls->names ? &*file_.tls->names : nullptr;
  const RequestHead& head = exchange_->request;
  // Clients of HTTP/1.0 may do without Host; where both are, they agree.
  const Bytes host = head.find(Name::host) != nullptr ? head.value(Name::host) : authority_in_target(head.method(), head.target());
  const auto finding = host_finding(host, file_.subject, file_.facts.destination, names);
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
  if (!bytes.empty()) word_came();
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
    return refuse_edited(*refusal, effects);
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

}  // namespace hyalite

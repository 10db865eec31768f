// Stage: HTTP/1, exchange after exchange. A response on its way.
// SPDX-License-Identifier: MIT
#include <string>
#include <utility>

#include "base/text.h"
#include "flow/end_of.h"
#include "flow/inspecting.h"
#include "http/connection.h"

namespace hyalite {

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
  if (exchange_->continue_sent()) word_came();
  return said == Answer::decided ? decided(effects) : Outcome{Stay{}};
}

Outcome Inspecting::answered(const HeadProgress& head, Effects& effects) {
  Exchange& x = *exchange_;
  word_came();
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

}  // namespace hyalite

// The messages of a WebSocket on their way through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#include "flow/websocket_filter.h"

#include "flow/end_of.h"

namespace hyalite {

namespace {

// What somebody is told whose peer broke the rules (RFC 6455, section 7.4.1).
constexpr unsigned kGoingAway = 1001;

void send(Side to, const MessageStep& step, Effects& effects) {
  for (Bytes piece : step.output) effects.send(to, piece);
}

}  // namespace

WebSocketFilter::WebSocketFilter(Chain& chain, FlowFile& file, Tally& tally)
    : file_(file),
      tally_(tally),
      pipes_{chain.messages(file.subject, Direction::request), chain.messages(file.subject, Direction::response)} {
  pipes_[0].pair_with(pipes_[1]);
  ++tally.websockets;
}

Outcome WebSocketFilter::filter(Side from, Bytes bytes, bool end, Effects& effects) {
  return go_on(from, end ? pipe(from).finish() : pipe(from).feed(bytes), effects);
}

Outcome WebSocketFilter::resume(Effects& effects) {
  for (Side from : {Side::client, Side::upstream}) {
    if (!file_.subject.ready(lane(from), Hook::ws_message)) continue;
    Outcome outcome = go_on(from, pipe(from).resume(), effects);
    if (!std::holds_alternative<Stay>(outcome)) return outcome;
  }
  return Stay{};
}

Outcome WebSocketFilter::go_on(Side from, const MessageStep& step, Effects& effects) {
  send(other(from), step, effects);
  for (const Injection& one : pipe(from).take_injections()) effects.send_owned(from, pipe(other(from)).inject(one));
  switch (step.kind) {
    case MessageStep::Kind::forward:
    case MessageStep::Kind::paused: return Stay{};
    case MessageStep::Kind::decided: return decided(effects);
    case MessageStep::Kind::refused: return refused(from, step.refusal, effects);
    case MessageStep::Kind::cut_short: break;
  }
  return Close{from == Side::client ? CloseReason::client_broke : CloseReason::upstream_broke, Ending::reset, Ending::reset};
}

Outcome WebSocketFilter::decided(Effects& effects) {
  const Decision& decision = file_.subject.decision();
  if (std::holds_alternative<PassThrough>(decision.what)) {
    release(effects);
    file_.pass_uninspected(Uninspected::plugin, tally_);
    return Stay{};
  }
  if (const auto* close = std::get_if<CloseWebSocket>(&decision.what)) {
    const Ending client = say_close(Side::client, close->code, close->reason, effects);
    return Close{CloseReason::blocked, client, say_close(Side::upstream, close->code, close->reason, effects)};
  }
  const CloseReason reason = reason_of(decision);
  return Close{reason, Ending::reset, Ending::reset};
}

Outcome WebSocketFilter::refused(Side from, FrameRefusal refusal, Effects& effects) {
  tally_.refused_frame(refusal);
  Ending endings[2];
  endings[index_of(from)] = say_close(from, close_code_of(refusal), name_of(refusal), effects);
  endings[index_of(other(from))] = say_close(other(from), kGoingAway, {}, effects);
  return Close{from == Side::client ? CloseReason::client_frames_refused : CloseReason::upstream_frames_refused, endings[0], endings[1]};
}

// In the name of the side that it is told about. Half a frame cannot be taken back: what follows it is an abrupt end.
Ending WebSocketFilter::say_close(Side to, unsigned code, Bytes reason, Effects& effects) {
  auto frame = pipe(other(to)).close(code, reason);
  if (!frame) return Ending::reset;
  effects.send_owned(to, std::move(*frame));
  return Ending::in_order;
}

void WebSocketFilter::release(Effects& effects) {
  for (Side from : {Side::client, Side::upstream}) send(other(from), pipe(from).release(), effects);
}

}  // namespace hyalite

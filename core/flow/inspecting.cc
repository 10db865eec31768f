// Stage: HTTP/1, exchange after exchange.
// SPDX-License-Identifier: MIT
#include "flow/inspecting.h"

#include <utility>

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

// ---- what comes after a half ----

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

// ---- what passes, and when ----

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
    word_came();
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

}  // namespace hyalite

// Stage: HTTP/1, exchange after exchange. Ends, failures, time.
// SPDX-License-Identifier: MIT
#include "flow/connect_failure.h"
#include "flow/end_of.h"
#include "flow/inspecting.h"

namespace hyalite {

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
  if ((ask_ == Ask::done || awaits_word() || pace_.response_head_came_in_part()) && reply_ == Reply::head) {
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

// The client sends its body when upstream asks for it (RFC 9110, section 10.1.1): until then it is not slow.
bool Inspecting::awaits_word() const {
  return ask_ == Ask::body && exchange_->awaits_continue();
}

// It has its word, or another one, or does without.
void Inspecting::word_came() {
  if (!exchange_->awaits_continue()) return;
  exchange_->awaits_continue_no_more();
  pace_.request_began();
}

std::optional<Monotonic> Inspecting::deadline() const {
  if (!exchange_) return pace_.for_next_request();
  if (streaming_) return streaming_->moved() + needs_.rules.timeouts.body_idle;
  if (ask_ == Ask::head) return pace_.for_request_head(exchange_->began());
  // Whoever lets something wait has a deadline of its own.
  if (ask_ == Ask::connecting || request_waits() || response_waits()) return std::nullopt;
  if (reply_ == Reply::head) {
    if (const auto due = pace_.for_response_head(ask_ == Ask::done || awaits_word())) return due;
  }
  // A client is not slow that waits for upstream to take what was held.
  const bool awaits_client = ask_ != Ask::done && !has_more(Side::upstream);
  return pace_.for_bodies(awaits_client ? std::optional(exchange_->request_body.content_in()) : std::nullopt);
}

}  // namespace hyalite

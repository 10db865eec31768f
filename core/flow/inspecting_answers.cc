// Stage: HTTP/1, exchange after exchange. What it says in our own name, or a plugin's: the end of an exchange, mostly of all.
// SPDX-License-Identifier: MIT
#include "flow/end_of.h"
#include "flow/inspecting.h"
#include "flow/pages.h"

namespace hyalite {

namespace {

std::string refusal_reason(std::string_view whose, Refusal refusal) {
  return std::string(whose) + "." + std::string(describe(refusal).id);
}

}  // namespace

Outcome Inspecting::decided(Effects& effects) {
  Exchange& x = *exchange_;
  const Decision& decision = x.decision();
  const CloseReason reason = reason_of(decision);
  const auto* stream = std::get_if<RespondStream>(&decision.what);
  if (stream && !x.subject.response_started) return begin_stream(*stream, effects);
  const auto* respond = std::get_if<Respond>(&decision.what);
  if (!respond || x.subject.response_started) {
    x.end(End::blocked, "");
    return Close{reason, Ending::reset, Ending::reset};
  }
  const bool untouched = !x.subject.request_sent && (ask_ == Ask::done || x.request_body.complete());
  // Clients of HTTP/1.0 would have to be told, and wait for the end until then.
  const bool keep = untouched && keeps_alive(x.request) && x.request.minor_version() > 0 && !x.request.is_connect() && !draining_ &&
                    ask_ != Ask::body;
  std::string page = plugin_page(*respond, x.request.is_head(), keep);
  x.answered_by_us(respond->status, page.size());
  effects.send_owned(Side::client, std::move(page));
  x.end(End::blocked, "");
  if (keep) return next_exchange(effects);
  return Close{reason, Ending::in_order, x.subject.request_sent ? Ending::reset : upstream_ending()};
}

// Nothing more is asked of upstream, and what the client still has to say is thrown away.
Outcome Inspecting::begin_stream(const RespondStream& answer, Effects& effects) {
  if (connected_to_) effects.disconnect_upstream(request_under_way() ? Ending::reset : Ending::in_order);
  leave_upstream();
  ask_ = Ask::done;
  reply_ = Reply::done;
  streaming_ = std::make_unique<StreamedAnswer>(*exchange_, needs_.chain.async().channels, answer, needs_.clock, effects);
  return Stay{};
}

Outcome Inspecting::refuse_request(Refusal refusal, Effects& effects) {
  needs_.tally.refused_request(refusal);
  keeping_.refuses();
  const RefusalText& text = describe(refusal);
  const std::string reason = refusal_reason("client", refusal);
  if (exchange_->subject.response_started) {
    exchange_->end(End::client_refused, reason);
    return Close{CloseReason::request_refused, Ending::reset, Ending::reset};
  }
  const Ending upstream = request_under_way() ? Ending::reset : Ending::in_order;
  return answer(text.request_status, text.sentence, reason, End::client_refused,
                Close{CloseReason::request_refused, Ending::in_order, upstream}, effects);
}

// It was fine as it came: whoever edited it is to be told of, not the client.
Outcome Inspecting::refuse_edited(Refusal refusal, Effects& effects) {
  const RefusalText& text = describe(refusal);
  if (!needs_.chain.blame_editors(exchange_->subject, text.id)) return refuse_request(refusal, effects);
  needs_.tally.refused_request(refusal);
  return answer(text.request_status, text.sentence, refusal_reason("plugin", refusal), End::blocked,
                Close{CloseReason::plugin_failed, Ending::in_order, Ending::in_order}, effects);
}

Outcome Inspecting::refuse_response(Refusal refusal, Effects& effects) {
  needs_.tally.refused_response(refusal);
  keeping_.refuses();
  const std::string reason = refusal_reason("upstream", refusal);
  // The client has whole responses only, and must not lose the last of them to a reset.
  if (!awaits_response()) {
    if (exchange_) exchange_->end(End::upstream_refused, reason);
    return Close{CloseReason::response_refused, Ending::in_order, Ending::reset};
  }
  if (!exchange_->subject.request_sent || exchange_->subject.response_started) {
    exchange_->end(End::upstream_refused, reason);
    return Close{CloseReason::response_refused, Ending::reset, Ending::reset};
  }
  return answer(kRefusedResponseStatus, describe(refusal).sentence, reason, End::upstream_refused,
                Close{CloseReason::response_refused, Ending::in_order, Ending::reset}, effects);
}

// A page in our own name, and the end.
Outcome Inspecting::answer(int status, std::string_view sentence, std::string_view reference, End how, Close close,
                           Effects& effects) {
  Exchange& x = *exchange_;
  keeping_.refuses();
  std::string page = error_page(status, sentence, reference, x.request.is_head());
  x.answered_by_us(static_cast<unsigned>(status), page.size());
  effects.send_owned(Side::client, std::move(page));
  x.end(how, reference);
  return close;
}

}  // namespace hyalite

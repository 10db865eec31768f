// What becomes of a pause: its plugin is asked again, and then those behind it.
// SPDX-License-Identifier: MIT
#include "plugin/chain_call.h"

namespace hyalite {

namespace {

// As the ABI numbers them.
std::uint32_t number(Hook hook) {
  switch (hook) {
    case Hook::flow_open:
      return HYALITE_HOOK_FLOW_OPEN;
    case Hook::protocol:
      return HYALITE_HOOK_PROTOCOL;
    case Hook::client_hello:
      return HYALITE_HOOK_CLIENT_HELLO;
    case Hook::upstream_tls:
      return HYALITE_HOOK_UPSTREAM_TLS;
    case Hook::tls_done:
      return HYALITE_HOOK_TLS_DONE;
    case Hook::upstream_connect:
      return HYALITE_HOOK_UPSTREAM_CONNECT;
    case Hook::request_head:
      return HYALITE_HOOK_REQUEST_HEAD;
    case Hook::request_body:
      return HYALITE_HOOK_REQUEST_BODY;
    case Hook::request_trailers:
      return HYALITE_HOOK_REQUEST_TRAILERS;
    case Hook::response_head:
      return HYALITE_HOOK_RESPONSE_HEAD;
    case Hook::response_body:
      return HYALITE_HOOK_RESPONSE_BODY;
    case Hook::response_trailers:
      return HYALITE_HOOK_RESPONSE_TRAILERS;
    case Hook::data:
      return HYALITE_HOOK_DATA;
    case Hook::ws_message:
      return HYALITE_HOOK_WS_MESSAGE;
    default:
      return HYALITE_HOOK_UNKNOWN;
  }
}

}  // namespace

Answer Chain::resume(FlowSubject& flow, ExchangeSubject* exchange, Lane lane) {
  const WaitingPlace place{&standstills_of(flow, exchange), lane};
  const Standstill* standstill = place.find();
  if (standstill == nullptr || !standstill->pause.ready()) return Answer::paused;
  const Question question = standstill->question;
  const std::size_t at = standstill->at;
  services_->views.begin_round();
  hyalite_verdict verdict = HYALITE_ERROR;
  const Answer answer = hear(entries(question.hook)[at], flow, exchange, place,
                             lane == Lane::response ? Direction::response : Direction::request,
                             {}, verdict);
  return answer == Answer::go_on ? run(question, flow, exchange, at + 1) : answer;
}

Answer Chain::hear(const Entry& entry, FlowSubject& flow, ExchangeSubject* exchange,
                   const WaitingPlace& place, Direction direction, const ShownAgain& shown,
                   hyalite_verdict& verdict) {
  Standstill& standstill = place.of->at(place.lane);
  const Hook hook = standstill.question.hook;
  const hyalite_resumption about{sizeof about,
                                 standstill.pause.status(),
                                 standstill.pause.ref(),
                                 number(hook),
                                 static_cast<hyalite_direction>(direction),
                                 shown.window,
                                 shown.view,
                                 shown.message};
  services_->async.pauses.end(standstill.pause);
  if (is_left_out(entry, flow, exchange)) return Answer::go_on;
  const auto ask = [&](const Instance& i, void* state) {
    return exchange != nullptr
               ? i.hooks().async.resume_exchange(i.self(), exchange, state, &about)
               : i.hooks().async.resume_flow(i.self(), &flow, state, &about);
  };
  const Called called = call(hook, entry, flow, exchange, place, ask);
  verdict = called.verdict;
  const bool late = about.status == HYALITE_E_TIMED_OUT;
  if (late) entry.instance->host().count(InstanceCount::late);
  if (late && !standstill.asks_at_deadline) {
    verdict = HYALITE_ERROR;
    return fail(hook, entry, flow, exchange, FaultKind::late, "its pause reached its deadline");
  }
  if (verdict == HYALITE_ERROR) return fail(hook, entry, flow, exchange, called.kind, called.why);
  return judge(hook, entry, flow, exchange, verdict);
}

void Chain::end_wait(const WaitingPlace& place) {
  if (Standstill* standstill = place.find()) services_->async.pauses.end(standstill->pause);
}

// What it waited for, and what was asked on its behalf.
void Chain::end_waits(FlowSubject& flow, ExchangeSubject* exchange) {
  if (exchange != nullptr) {
    for (const auto& [owner, ref] : std::exchange(exchange->asked_for, {}))
      services_->async.end(*owner, ref, HYALITE_E_ENDED);
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    end_wait({&standstills_of(flow, exchange), static_cast<Lane>(lane)});
}

}  // namespace hyalite

// Answers of a plugin's own, whole or in a stream.
// SPDX-License-Identifier: MIT
#include "plugin/host_answer.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostResponseHeaders = 128;

bool may_respond(const ExchangeSubject& exchange) {
  return !exchange.response_started && is_in(exchange.flow(), {Hook::request_head, Hook::request_body, Hook::request_trailers,
                                                               Hook::response_head, Hook::response_body});
}

hyalite_status read_response(const ChainLimits& limits, const hyalite_response* from, hyalite_response& asked, Respond& out) {
  if (const auto status = read_struct(from, asked); status != HYALITE_OK) return status;
  if (asked.status < 200 || asked.status > 599) return HYALITE_E_INVALID;
  if (asked.body.size > limits.held_body_bytes || asked.header_count > kMostResponseHeaders) return HYALITE_E_LIMIT;
  out.status = asked.status;
  for (std::size_t i = 0; i < asked.header_count; ++i) {
    const hyalite_field& field = asked.headers[i];
    if (const auto refused = check_field(view(field.name), view(field.value))) return status_of(refused);
    out.headers.emplace_back(view(field.name), view(field.value));
  }
  out.body = view(asked.body);
  return HYALITE_OK;
}

}  // namespace

hyalite_status status_of(const Edited& refused) {
  if (!refused) return HYALITE_OK;
  switch (*refused) {
    case EditRefusal::framing_field:
    case EditRefusal::not_in_trailers:
    case EditRefusal::changes_framing:
      return HYALITE_E_FORBIDDEN;
    case EditRefusal::too_many_fields:
      return HYALITE_E_LIMIT;
    default:
      return HYALITE_E_INVALID;
  }
}

hyalite_status respond(hyalite_exchange* object, const hyalite_response* response) {
  ExchangeSubject& exchange = subject(object);
  if (!may_respond(exchange)) return HYALITE_E_LATE;
  hyalite_response asked{};
  Respond answer;
  const ChainLimits& limits = exchange.flow().running.instance->services().limits;
  if (const auto status = read_response(limits, response, asked, answer); status != HYALITE_OK) return status;
  return propose(exchange.flow(), std::move(answer), asked.reason);
}

hyalite_status respond_stream(hyalite_exchange* object, const hyalite_response* response, hyalite_channel_told told, void* user,
                              hyalite_ref* out) {
  ExchangeSubject& exchange = subject(object);
  FlowSubject& flow = exchange.flow();
  if (!may_respond(exchange)) return HYALITE_E_LATE;
  InstanceHost& instance = flow.running.instance->host();
  Async& async = instance.services().async;
  if (told == nullptr || out == nullptr) return HYALITE_E_INVALID;
  if (!async.is_open()) return HYALITE_E_LATE;
  hyalite_response asked{};
  RespondStream answer;
  if (const auto status = read_response(instance.services().limits, response, asked, answer.head); status != HYALITE_OK) return status;
  if (asked.status == 204 || asked.status == 205 || asked.status == 304) return HYALITE_E_INVALID;
  if (const auto status = may_ask_for(&exchange); status != HYALITE_OK) return status;
  answer.channel = async.channels.add(instance, answer.head.body, told, user, flow.waker);
  if (answer.channel == 0) return HYALITE_E_LIMIT;
  answer.head.body.clear();
  // Whatever becomes of the exchange, the channel ends with it.
  exchange.asked_for.emplace_back(&instance, answer.channel);
  *out = answer.channel;
  return propose(flow, std::move(answer), asked.reason);
}

}  // namespace hyalite

// What a plugin may ask and decide about the messages of a WebSocket.
// SPDX-License-Identifier: MIT
#include "base/text.h"
#include "http/connection.h"
#include "plugin/host_objects.h"

namespace hyalite {

namespace {

// Whatever version the client names: servers differ in which they take for 13, and all since draft 7 have the same frames.
bool asks_for_websocket(const RequestHead& request) { return asks_upgrade(request).websocket; }

hyalite_status read_options(const hyalite_ws_options* options, const ChainLimits& limits, MessageOptions& out) {
  hyalite_ws_options asked{};
  if (const auto status = read_struct(options, asked); status != HYALITE_OK) return status;
  if (asked.mode > HYALITE_WS_MESSAGES || asked.overflow > HYALITE_WS_OVERFLOW_SKIP) return HYALITE_E_UNSUPPORTED;
  if (asked.cap > limits.message_bytes) return HYALITE_E_LIMIT;
  out = {asked.mode, asked.overflow, asked.cap == 0 ? limits.message_bytes : asked.cap};
  return HYALITE_OK;
}

hyalite_status interest(hyalite_exchange* object, hyalite_direction direction, const hyalite_ws_options* options) {
  ExchangeSubject& exchange = subject(object);
  FlowSubject& flow = exchange.flow();
  if (!is_in(flow, {Hook::request_head, Hook::tunnel_open})) return HYALITE_E_LATE;
  const Instance& instance = *flow.running.instance;
  if (direction > HYALITE_RESPONSE || !instance.hooks().has(Hook::ws_message)) return HYALITE_E_INVALID;
  MessageOptions wanted;
  if (const auto status = read_options(options, instance.services().limits, wanted); status != HYALITE_OK) return status;
  if (!asks_for_websocket(*exchange.request)) return HYALITE_E_MISSING;
  if (flow.running.hook == Hook::tunnel_open) {
    if (upgrade_kind(exchange.response->value(Name::upgrade)) != UpgradeKind::websocket) return HYALITE_E_MISSING;
    // What an extension makes of the frames is not ours to read.
    if (exchange.response->find(Name::sec_websocket_extensions) != nullptr) return HYALITE_E_LATE;
  }
  if (exchange.message_interests.empty()) exchange.message_interests.make(instance.services().instances);
  exchange.message_interests.of(static_cast<Direction>(direction), flow.running.index) = wanted;
  return HYALITE_OK;
}

// What the running hook does with its message; null: no such hook is running.
MessageEdit* edit_in(const FlowSubject& flow) {
  return is_in(flow, {Hook::ws_message}) ? flow.running.instance->services().message : nullptr;
}

hyalite_status enough(hyalite_flow* object, hyalite_direction direction) {
  FlowSubject& flow = subject(object);
  if (edit_in(flow) == nullptr) return HYALITE_E_LATE;
  if (direction > HYALITE_RESPONSE) return HYALITE_E_INVALID;
  flow.message_interests.of(static_cast<Direction>(direction), flow.running.index).mode = HYALITE_WS_NONE;
  return HYALITE_OK;
}

// A payload that such a message may have.
hyalite_status check(const FlowSubject& flow, Opcode opcode, hyalite_bytes payload) {
  if (is_control(opcode) && payload.size > kMostControlPayload) return HYALITE_E_INVALID;
  if (opcode == Opcode::text && !is_utf8(view(payload))) return HYALITE_E_INVALID;
  return payload.size > flow.running.instance->services().limits.message_bytes ? HYALITE_E_LIMIT : HYALITE_OK;
}

hyalite_status replace(hyalite_flow* object, hyalite_bytes payload) {
  FlowSubject& flow = subject(object);
  MessageEdit* edit = edit_in(flow);
  if (edit == nullptr) return HYALITE_E_LATE;
  if (!edit->may_edit) return HYALITE_E_FORBIDDEN;
  if (const auto status = check(flow, edit->opcode, payload); status != HYALITE_OK) return status;
  edit->payload.emplace(view(payload));
  edit->dropped = false;
  return HYALITE_OK;
}

hyalite_status drop(hyalite_flow* object) {
  MessageEdit* edit = edit_in(subject(object));
  if (edit == nullptr) return HYALITE_E_LATE;
  if (!edit->may_edit) return HYALITE_E_FORBIDDEN;
  edit->dropped = true;
  return HYALITE_OK;
}

hyalite_status inject(hyalite_flow* object, hyalite_direction direction, std::uint32_t number, hyalite_bytes payload) {
  FlowSubject& flow = subject(object);
  MessageEdit* edit = edit_in(flow);
  if (edit == nullptr) return HYALITE_E_LATE;
  if (number == HYALITE_WS_CLOSE) return HYALITE_E_FORBIDDEN;
  const bool is_known = number == HYALITE_WS_TEXT || number == HYALITE_WS_BINARY || number == HYALITE_WS_PING || number == HYALITE_WS_PONG;
  if (direction > HYALITE_RESPONSE || !is_known) return HYALITE_E_INVALID;
  const auto opcode = static_cast<Opcode>(number);
  if (const auto status = check(flow, opcode, payload); status != HYALITE_OK) return status;
  if (payload.size + edit->waiting_bytes(static_cast<Direction>(direction)) > flow.running.instance->services().limits.message_bytes) return HYALITE_E_LIMIT;
  edit->injections.push_back({static_cast<Direction>(direction), opcode, std::string(view(payload))});
  return HYALITE_OK;
}

hyalite_status close(hyalite_flow* object, std::uint32_t code, hyalite_bytes reason) {
  FlowSubject& flow = subject(object);
  if (edit_in(flow) == nullptr) return HYALITE_E_LATE;
  if (!may_be_sent(code) || reason.size > kMostControlPayload - 2 || !is_utf8(view(reason))) return HYALITE_E_INVALID;
  return propose(flow, CloseWebSocket{code, std::string(view(reason))}, reason);
}

}  // namespace

const hyalite_host_ws* ws_table() {
  static constexpr hyalite_host_ws kTable{sizeof(hyalite_host_ws), 0, &interest, &enough, &replace, &drop, &inject, &close};
  return &kTable;
}

}  // namespace hyalite

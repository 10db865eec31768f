// The flawed plugin's hooks for TLS and WebSockets, and its answers in a stream. SPDX-License-Identifier: MIT
#include <cstdlib>
#include <string>

#include "flaws.h"

namespace {

const hyalite_host* host = nullptr;
const hyalite_host_http* http = nullptr;
const hyalite_host_tls* tls = nullptr;
const hyalite_host_ws* ws = nullptr;
const hyalite_host_async* async = nullptr;
const hyalite_host_channel* channels = nullptr;
std::string last_method;  // of whichever flow

template <class Table>
void take(const Table*& table, const char* id) {
  table = static_cast<const Table*>(host->get_interface(host, id));
}

// ---- TLS
hyalite_verdict upstream_tls(void*, hyalite_flow* flow, void*, const hyalite_tls_info*) {
  if (!has_flaw("accepts on trust")) return HYALITE_CONTINUE;
  tls->accept_certificate(flow, text("it will do"));
  return HYALITE_FINAL;
}
hyalite_verdict tls_done(void*, hyalite_flow*, void*, const hyalite_tls_info* info) {
  if (has_flaw("trusts handshakes") && info->cipher.size == 0) std::abort();
  return HYALITE_CONTINUE;
}

// ---- WebSockets
void want_messages(hyalite_exchange* exchange) {
  for (const hyalite_direction direction : {HYALITE_REQUEST, HYALITE_RESPONSE}) {
    hyalite_ws_options options{};
    options.size = sizeof options;
    options.mode = HYALITE_WS_MESSAGES;
    ws->interest(exchange, direction, &options);
  }
}
hyalite_verdict ws_message(void*, hyalite_flow* flow, void*, hyalite_direction direction, const hyalite_ws_message* message) {
  if (has_flaw("trusts messages") && message->payload.size == 0) std::abort();
  if (has_flaw("mixes messages up") && direction == HYALITE_RESPONSE && message->opcode == HYALITE_WS_TEXT) {
    ws->replace(flow, {last_method.data(), last_method.size()});
  }
  if (!has_flaw("closes on trust")) return HYALITE_CONTINUE;
  ws->close(flow, 1008, text("no messages here"));
  return HYALITE_FINAL;
}

// ---- answers in a stream
hyalite_ref answer = 0;

void write_the_rest(void*, hyalite_ref, void*, hyalite_status status) {
  if (status == HYALITE_OK) channels->write(host, answer, text("and its end\n"), 1);
}
// Takes it that the client always waits.
void told(void*, hyalite_ref, void*, const hyalite_channel_event* event) {
  if (has_flaw("streams to whoever left") && event->kind == HYALITE_CHANNEL_OVER && event->status != HYALITE_OK) std::abort();
}
hyalite_verdict answer_over_time(hyalite_exchange* exchange) {
  const hyalite_response page{sizeof page, 200, nullptr, 0, text("a beginning "), text("because")};
  const hyalite_status begun = channels->respond_stream(exchange, &page, &told, nullptr, &answer);
  hyalite_ref timer = 0;
  if (begun == HYALITE_OK) async->timer(host, 1'000'000'000, 0, &write_the_rest, nullptr, &timer);
  return begun == HYALITE_OK || has_flaw("streams on trust") ? hyalite_verdict{HYALITE_FINAL} : hyalite_verdict{HYALITE_CONTINUE};
}

}  // namespace

void take_more_tables(const hyalite_host* given) {
  host = given;
  take(http, HYALITE_HOST_HTTP_ID);
  take(tls, HYALITE_HOST_TLS_ID);
  take(ws, HYALITE_HOST_WS_ID);
  take(async, HYALITE_HOST_ASYNC_ID);
  take(channels, HYALITE_HOST_CHANNEL_ID);
}

std::optional<hyalite_verdict> more_of_request_head(hyalite_exchange* exchange) {
  if (has_flaw("mixes messages up")) last_method = view(http->request_line(exchange)->method);
  if (has_flaw("trusts messages") || has_flaw("mixes messages up") || has_flaw("closes on trust")) want_messages(exchange);
  if (has_flaw("streams on trust") || has_flaw("streams to whoever left")) return answer_over_time(exchange);
  return std::nullopt;
}

const void* more_hooks(std::string_view id) {
  static const hyalite_tls_hooks tls_hooks = {sizeof tls_hooks, 0, nullptr, upstream_tls, tls_done};
  static const hyalite_ws_hooks ws_hooks = {sizeof ws_hooks, 0, ws_message};
  if (id == HYALITE_TLS_ID) return &tls_hooks;
  return id == HYALITE_WS_ID ? &ws_hooks : nullptr;
}

// The tables of the plugin under check, as the host gets them.
// SPDX-License-Identifier: MIT
#include "check/plugin_side.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/text.h"
#include "check/newer.h"
#include "check/sides.h"
#include "plugin/host.h"

namespace hyalite {

namespace {

template <class Table>
Table& plugins() {
  static Table real{};
  return real;
}

template <auto kMember>
struct Hooked;
template <class Table, class R, class... A, R (*Table::*kMember)(A...)>
struct Hooked<kMember> {
  static constexpr bool kNumbersAreOpen = [] {
    if constexpr (std::is_same_v<decltype(kMember), decltype(&hyalite_flow_hooks::protocol)>) return true;
    else if constexpr (std::is_same_v<decltype(kMember), decltype(&hyalite_http_hooks::tunnel_open)>) return true;
    else return false;
  }();
  template <class T>
  static T given(T argument) {
    if constexpr (kNumbersAreOpen && std::is_same_v<T, std::uint32_t>) {
      if (Layer::get().plan.newer) return 77;
    }
    return newer(argument);
  }
  static R call(A... arguments) {
    return call_plugin([&] { return (plugins<Table>().*kMember)(given(arguments)...); });
  }
};

// ---- what is written down at an end

std::string text_of(hyalite_bytes bytes) { return printable(view(bytes), 400); }

template <class Object, class Find, class Note>
std::string left_about(Object* object, Find find, Note note) {
  std::string text;
  hyalite_finding finding{};
  finding.size = sizeof finding;
  for (std::size_t i = 0; find(object, i, &finding) == HYALITE_OK; ++i) {
    if (view(finding.source) != "hyalite") text += " finding " + text_of(finding.name) + "=" + text_of(finding.detail);
  }
  hyalite_field field{};
  for (std::size_t i = 0; note(object, i, &field) == HYALITE_OK; ++i)
    text += " note " + text_of(field.name) + "=" + text_of(field.value);
  return text;
}

hyalite_verdict exchange_end(void* instance, hyalite_exchange* exchange, void* state, const hyalite_exchange_summary* summary) {
  if (auto* ended = Layer::get().ended) {
    ended->push_back({flow_table()->info(http_table()->flow(exchange))->id, "exchange end " + std::to_string(summary->end) + " status " + std::to_string(summary->status) + " upstream " +
                      std::to_string(summary->upstream_status) + " by " + text_of(summary->decided_by) + " because " +
                      text_of(summary->decision_reason) + " " + text_of(summary->reason) +
                      left_about(exchange, http_table()->finding, notes_table()->at)});
  }
  const auto own = plugins<hyalite_http_hooks>().exchange_end;
  if (own == nullptr) return HYALITE_CONTINUE;
  return call_plugin([&] { return own(instance, exchange, state, newer(summary)); });
}

// An exchange's answer may have ended the flow: it is told there, and whether the client was left or leaves is the network's doing
// (comparable_reason).
std::string end_text(const hyalite_flow_summary& summary) {
  const std::string_view reason = view(summary.reason);
  const bool was_answered = summary.decided_by.size == 0 && (reason == "blocked" || reason == "plugin_failed");
  return "flow end " + (was_answered ? std::to_string(HYALITE_END_CLIENT_GONE) : std::to_string(summary.end)) + " by " +
         text_of(summary.decided_by) + " because " + text_of(summary.decision_reason) + " " +
         (was_answered ? "client_left" : text_of(summary.reason));
}

hyalite_verdict flow_close(void* instance, hyalite_flow* flow, void* state, const hyalite_flow_summary* summary) {
  if (auto* ended = Layer::get().ended) {
    ended->push_back({flow_table()->info(flow)->id, end_text(*summary) + left_about(flow, flow_table()->finding, notes_table()->at_flow)});
  }
  const auto own = plugins<hyalite_flow_hooks>().flow_close;
  if (own == nullptr) return HYALITE_CONTINUE;
  return call_plugin([&] { return own(instance, flow, state, newer(summary)); });
}

template <class Table>
void take_table(const hyalite_descriptor& real, const char* id) {
  Table& into = plugins<Table>();
  into = Table{};
  const void* given = real.get_interface(id);
  if (given == nullptr) return;
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  std::memcpy(&into, given, std::min<std::size_t>(size, sizeof into));
}

template <auto kMember, class Table>
void hook(Table& table) {
  if (plugins<Table>().*kMember != nullptr) table.*kMember = &Hooked<kMember>::call;
}

struct PluginTables {
  hyalite_flow_hooks flow{};
  hyalite_tls_hooks tls{};
  hyalite_http_hooks http{};
  hyalite_stream_hooks stream{};
  hyalite_state_hooks state{};
  hyalite_async_hooks async{};
  hyalite_ws_hooks ws{};

  explicit PluginTables(const hyalite_descriptor& real) {
    take_table<hyalite_flow_hooks>(real, HYALITE_FLOW_ID);
    take_table<hyalite_tls_hooks>(real, HYALITE_TLS_ID);
    take_table<hyalite_http_hooks>(real, HYALITE_HTTP_ID);
    take_table<hyalite_stream_hooks>(real, HYALITE_STREAM_ID);
    take_table<hyalite_state_hooks>(real, HYALITE_STATE_ID);
    take_table<hyalite_async_hooks>(real, HYALITE_ASYNC_ID);
    take_table<hyalite_ws_hooks>(real, HYALITE_WS_ID);
    flow.size = sizeof flow, tls.size = sizeof tls, http.size = sizeof http;
    stream.size = sizeof stream, state.size = sizeof state, async.size = sizeof async, ws.size = sizeof ws;
    state.flow_size = plugins<hyalite_state_hooks>().flow_size;
    state.exchange_size = plugins<hyalite_state_hooks>().exchange_size;
    hook<&hyalite_flow_hooks::flow_open>(flow);
    hook<&hyalite_flow_hooks::protocol>(flow);
    hook<&hyalite_flow_hooks::upstream_connect>(flow);
    flow.flow_close = &flow_close;
    hook<&hyalite_tls_hooks::client_hello>(tls);
    hook<&hyalite_tls_hooks::upstream_tls>(tls);
    hook<&hyalite_tls_hooks::tls_done>(tls);
    hook<&hyalite_http_hooks::request_head>(http);
    hook<&hyalite_http_hooks::request_body>(http);
    hook<&hyalite_http_hooks::request_trailers>(http);
    hook<&hyalite_http_hooks::request_end>(http);
    hook<&hyalite_http_hooks::response_info>(http);
    hook<&hyalite_http_hooks::response_head>(http);
    hook<&hyalite_http_hooks::response_body>(http);
    hook<&hyalite_http_hooks::response_trailers>(http);
    hook<&hyalite_http_hooks::response_end>(http);
    hook<&hyalite_http_hooks::tunnel_open>(http);
    http.exchange_end = &exchange_end;
    hook<&hyalite_stream_hooks::data>(stream);
    hook<&hyalite_state_hooks::flow_init>(state);
    hook<&hyalite_state_hooks::flow_fini>(state);
    hook<&hyalite_state_hooks::exchange_init>(state);
    hook<&hyalite_state_hooks::exchange_fini>(state);
    hook<&hyalite_async_hooks::resume_flow>(async);
    hook<&hyalite_async_hooks::resume_exchange>(async);
    hook<&hyalite_ws_hooks::ws_message>(ws);
  }
};

}  // namespace

const void* plugin_table(const char* id) {
  static const PluginTables tables(Layer::get().real());
  const std::string_view wanted = id;
  if (wanted == HYALITE_FLOW_ID) return &tables.flow;
  if (wanted == HYALITE_TLS_ID) return &tables.tls;
  if (wanted == HYALITE_HTTP_ID) return &tables.http;
  if (wanted == HYALITE_STREAM_ID) return &tables.stream;
  if (wanted == HYALITE_STATE_ID) return &tables.state;
  if (wanted == HYALITE_ASYNC_ID) return &tables.async;
  if (wanted == HYALITE_WS_ID) return &tables.ws;
  return Layer::get().real().get_interface(id);
}

}  // namespace hyalite

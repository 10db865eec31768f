// A plugin that has every hook and misbehaves in the one that its settings name: { in: request_head
// }. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.hpp>

#include <string>
#include <string_view>

// T has `hyalite::Verdict misbehave()`.
template <class T>
struct EveryHook : hyalite::Plugin<T> {
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": ["in"],
    "properties": {
      "in": { "enum": ["create", "start", "tick", "reopen", "drain", "stop", "flow_open", "protocol", "client_hello",
              "upstream_tls", "tls_done", "upstream_connect", "request_head", "request_body", "request_trailers", "request_end", "response_info",
              "response_head", "response_body", "response_trailers", "response_end", "tunnel_open", "exchange_end", "data",
              "ws_message", "flow_close"] },
      "verdict": { "type": "integer", "minimum": 0, "maximum": 1000 } } })";

  void configure(const hyalite::Settings& settings) {
    where = settings["in"].text();
    verdict = static_cast<std::uint32_t>(settings["verdict"].integer(77));
    at("create");
  }
  void start(const hyalite_worker&) { at("start"); }
  void tick() { at("tick"); }
  void reopen() { at("reopen"); }
  void drain() { at("drain"); }
  void stop() { at("stop"); }

  hyalite::Verdict on_flow_open(hyalite::Flow& flow) {
    flow.want_stream(HYALITE_REQUEST, hyalite::BodyWish::stream());
    return at("flow_open");
  }
  hyalite::Verdict on_protocol(hyalite::Flow&, std::uint32_t) { return at("protocol"); }
  hyalite::Verdict on_client_hello(hyalite::Flow&, const hyalite::ClientHello&) {
    return at("client_hello");
  }
  hyalite::Verdict on_upstream_tls(hyalite::Flow&, const hyalite::TlsInfo&) {
    return at("upstream_tls");
  }
  hyalite::Verdict on_tls_done(hyalite::Flow&, const hyalite::TlsInfo&) { return at("tls_done"); }
  hyalite::Verdict on_upstream_connect(hyalite::Flow&, const hyalite_address&) {
    return at("upstream_connect");
  }
  hyalite::Verdict on_request_head(hyalite::Request& request) {
    request.want_request_body(hyalite::BodyWish::tap());
    request.want_response_body(hyalite::BodyWish::tap());
    request.want_messages(HYALITE_REQUEST, hyalite::MessageWish::messages());  // of a WebSocket; else it is not to be had
    return at("request_head");
  }
  hyalite::Verdict on_request_body(hyalite::Request&, hyalite::Body&) { return at("request_body"); }
  hyalite::Verdict on_request_trailers(hyalite::Trailers&) { return at("request_trailers"); }
  hyalite::Verdict on_request_end(hyalite::Request&) { return at("request_end"); }
  hyalite::Verdict on_response_info(hyalite::Response&) { return at("response_info"); }
  hyalite::Verdict on_response_head(hyalite::Response&) { return at("response_head"); }
  hyalite::Verdict on_response_body(hyalite::Response&, hyalite::Body&) {
    return at("response_body");
  }
  hyalite::Verdict on_response_trailers(hyalite::Trailers&) { return at("response_trailers"); }
  hyalite::Verdict on_response_end(hyalite::Response&) { return at("response_end"); }
  hyalite::Verdict on_tunnel_open(hyalite::Exchange&, std::uint32_t) { return at("tunnel_open"); }
  hyalite::Verdict on_exchange_end(hyalite::Exchange&, const hyalite_exchange_summary&) {
    return at("exchange_end");
  }
  hyalite::Verdict on_data(hyalite::Flow&, hyalite_direction, hyalite::Body&) { return at("data"); }
  hyalite::Verdict on_ws_message(hyalite::Flow&, hyalite_direction, hyalite::WebSocketMessage&) { return at("ws_message"); }
  hyalite::Verdict on_flow_close(hyalite::Flow&, const hyalite_flow_summary&) {
    return at("flow_close");
  }

  hyalite::Verdict at(std::string_view here) {
    return here == where ? static_cast<T*>(this)->misbehave() : hyalite::Verdict::go_on;
  }

  std::string where;
  std::uint32_t verdict = 0;
};

// The moments at which a plugin may take part.
// SPDX-License-Identifier: MIT
#include "plugin/hook.h"

namespace hyalite {

const char* name(Hook hook) {
  static constexpr const char* kHookNames[kHookCount] = {
      "flow_open",
      "protocol",
      "client_hello",
      "upstream_tls",
      "tls_done",
      "upstream_connect",
      "request_head",
      "request_body",
      "request_trailers",
      "request_end",
      "response_info",
      "response_head",
      "response_body",
      "response_trailers",
      "response_end",
      "tunnel_open",
      "exchange_end",
      "data",
      "ws_message",
      "flow_close",
      "create",
      "start",
      "tick",
      "reopen",
      "drain",
      "stop",
      "work",
      "timer",
      "posted",
      "worked",
      "fetched",
      "channel",
  };
  const auto index = static_cast<std::size_t>(hook);
  return index < kHookCount ? kHookNames[index] : "unknown";
}

}  // namespace hyalite

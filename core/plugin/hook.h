// The moments at which a plugin may take part.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace hyalite {

// In the order of a flow's life.
enum class Hook : std::uint32_t {
  flow_open,
  protocol,
  client_hello,
  upstream_tls,
  tls_done,
  upstream_connect,
  request_head,
  request_body,
  request_trailers,
  request_end,
  response_info,
  response_head,
  response_body,
  response_trailers,
  response_end,
  tunnel_open,
  exchange_end,
  data,
  ws_message,
  flow_close,
  // The life of an instance; not about a flow.
  create,
  start,
  tick,
  reopen,
  drain,
  stop,
  // On a thread of the pool.
  work,
  // What an instance had under way has come to something.
  timer,
  posted,
  worked,
  fetched,
  channel,
};
inline constexpr std::size_t kFlowHookCount = static_cast<std::size_t>(Hook::create);
inline constexpr std::size_t kHookCount = static_cast<std::size_t>(Hook::channel) + 1;

// As in the SDK: "request_head".
const char* name(Hook hook);

enum class Direction : std::uint32_t { request, response };

}  // namespace hyalite

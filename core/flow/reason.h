// Why a flow ended, and why one was not inspected: every close has a reason, every reason a counter.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hyalite {

// The order is the order of the counters; texts in reason.cc, explained in docs/messages.md.
enum class CloseReason : std::uint8_t {
  finished,            // both sides ended in order
  client_left,         // the client closed while nothing was under way
  upstream_left,       // the upstream closed while nothing was under way
  client_broke,        // the client's connection was reset, or ended inside a message
  upstream_broke,      // the upstream's connection was reset, or ended inside a message
  request_refused,     // ambiguous or malformed request (counted by kind besides)
  response_refused,    // ambiguous or malformed response (counted by kind besides)
  blocked,             // a plugin's verdict
  plugin_failed,       // a plugin failed and fails closed
  protocol_refused,    // settings refuse this protocol or upgrade
  undecided,           // the client's bytes never told what they are
  direct_hit,          // nobody redirected this connection: it was made to us
  loop,                // it would have come back to us
  connect_refused,     // the upstream refused the connection
  connect_timed_out,   // the upstream did not answer in time
  connect_failed,      // any other way in which no upstream could be had
  head_timed_out,      // no complete head in time
  body_too_slow,       // a body stood still, or came slower than allowed
  idle_timed_out,      // kept alive, but no further request came
  tunnel_timed_out,    // nothing moved through a tunnel
  tls_upstream_failed, // no TLS handshake with the upstream, or it asks for a certificate of the client
  tls_untrusted,       // the upstream's certificate has a defect
  tls_client_failed,   // no TLS handshake with the client; or no certificate to show to it
  tls_blocked,         // a rule, or a policy about ClientHellos
  tls_timed_out,       // no TLS handshake in time
  drained,             // a newer generation serves; this one had to end
  limit_flows,         // as many flows as allowed
  limit_client_flows,  // as many flows of this client as allowed
  client_frames_refused,   // a client's WebSocket frames break the protocol's rules (counted by kind besides)
  upstream_frames_refused, // an upstream's do
  internal,            // a fault of ours
  count_
};
inline constexpr std::size_t kCloseReasons = static_cast<std::size_t>(CloseReason::count_);

// Why bytes passed without being looked at.
enum class Uninspected : std::uint8_t {
  tls,           // encrypted, passed through
  http2,         // an HTTP/2 connection preface
  upgrade,       // after 101 Switching Protocols
  server_first,  // the server spoke first
  other,         // neither HTTP nor TLS
  bypass,        // the operator's bypass list
  plugin,        // a plugin said pass_through
  count_
};
inline constexpr std::size_t kUninspected = static_cast<std::size_t>(Uninspected::count_);

std::string_view name_of(CloseReason reason);
std::string_view name_of(Uninspected why);

}  // namespace hyalite

// How a flow's end is told to plugins.
// SPDX-License-Identifier: MIT
#include "flow/end_of.h"

namespace hyalite {

End end_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::finished: return End::complete;
    case CloseReason::client_left:
    case CloseReason::tls_client_failed:
    case CloseReason::client_broke: return End::client_gone;
    case CloseReason::upstream_left:
    case CloseReason::upstream_broke: return End::upstream_gone;
    case CloseReason::client_frames_refused:
    case CloseReason::request_refused: return End::client_refused;
    case CloseReason::response_refused:
    case CloseReason::upstream_frames_refused:
    case CloseReason::tls_untrusted:
    case CloseReason::protocol_refused: return End::upstream_refused;
    case CloseReason::blocked:
    case CloseReason::tls_blocked:
    case CloseReason::plugin_failed: return End::blocked;
    case CloseReason::connect_refused:
    case CloseReason::connect_timed_out:
    case CloseReason::connect_failed:
    case CloseReason::tls_upstream_failed:
    case CloseReason::loop: return End::upstream_unreachable;
    case CloseReason::head_timed_out:
    case CloseReason::tls_timed_out:
    case CloseReason::body_too_slow:
    case CloseReason::idle_timed_out:
    case CloseReason::tunnel_timed_out: return End::timed_out;
    case CloseReason::drained: return End::stopped;
    case CloseReason::limit_flows:
    case CloseReason::limit_client_flows: return End::limit;
    default: return End::error;
  }
}

CloseReason reason_of(const Decision& decision) {
  return decision.cause == Decision::Cause::failure ? CloseReason::plugin_failed : CloseReason::blocked;
}

}  // namespace hyalite

// What the client sees when the upstream cannot be had, or a side breaks: the same, mirrored.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/stage.h"

namespace hyalite {

// As the client would have met it: a reset. (It was connected to us already, so a refusal cannot look like one.)
inline Close mirrored(ConnectFailure failure) {
  const auto reason = [failure] {
    switch (failure) {
      case ConnectFailure::refused: return CloseReason::connect_refused;
      case ConnectFailure::timed_out: return CloseReason::connect_timed_out;
      case ConnectFailure::loop: return CloseReason::loop;
      case ConnectFailure::blocked: return CloseReason::blocked;
      case ConnectFailure::tls_failed: return CloseReason::tls_upstream_failed;
      case ConnectFailure::untrusted: return CloseReason::tls_untrusted;
      case ConnectFailure::unreachable:
      case ConnectFailure::no_source_port:
      case ConnectFailure::other: break;
    }
    return CloseReason::connect_failed;
  }();
  return Close{reason, Ending::reset, Ending::reset};
}

// One side is gone: so is the other, and both shall know that it was not in order.
inline Close broken(Side side) {
  return Close{side == Side::client ? CloseReason::client_broke : CloseReason::upstream_broke, Ending::reset,
               Ending::reset};
}

}  // namespace hyalite

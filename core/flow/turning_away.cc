// Stage: nobody redirected this client here; it is told so in its own protocol, and nothing else happens.
// SPDX-License-Identifier: MIT
#include "flow/turning_away.h"

#include "flow/pages.h"

namespace hyalite {

namespace {

// access_denied (49), fatal (2), in a record of TLS 1.0 as every version reads it.
constexpr Bytes kAccessDenied{"\x15\x03\x01\x00\x02\x02\x31", 7};

}  // namespace

Taken TurningAway::on_bytes(Side, Bytes bytes, Effects& effects) {
  if (bytes.front() == '\x16') {
    effects.send(Side::client, kAccessDenied);
  } else {
    effects.send_owned(Side::client,
                       error_page(421,
                                  "This is an intercepting proxy: it serves connections that the network redirects to "
                                  "it, and cannot be used as an explicit proxy",
                                  "direct_hit", false));
  }
  return {bytes.size(), Close{CloseReason::direct_hit}};
}

}  // namespace hyalite

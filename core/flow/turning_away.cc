// Stage: nobody redirected this client here; it is told so in its own protocol, and nothing else happens.
// SPDX-License-Identifier: MIT
#include "flow/turning_away.h"

#include "http/writer.h"

namespace hyalite {

namespace {

// access_denied (49), fatal (2), in a record of TLS 1.0 as every version reads it.
constexpr Bytes kAccessDenied{"\x15\x03\x01\x00\x02\x02\x31", 7};

}  // namespace

Taken TurningAway::on_bytes(Side, Bytes bytes, Effects& effects) {
  if (bytes.front() == '\x16') {
    effects.send(Side::client, kAccessDenied);
  } else {
    effects.send_owned(Side::client, page(421, "This is an intercepting proxy",
                                          "It serves only connections that the network redirects to it. It cannot be "
                                          "used as an explicit proxy, and has nothing to show of its own.", false));
  }
  return {bytes.size(), Close{CloseReason::direct_hit}};
}

}  // namespace hyalite

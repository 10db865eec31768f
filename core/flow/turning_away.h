// Stage: nobody redirected this client here; it is told so in its own protocol, and nothing else happens.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/stage.h"

namespace hyalite {

// For a direct hit on a listener: people configure the proxy as an explicit one, and scanners find the port.
class TurningAway final : public Stage {
 public:
  TurningAway(Milliseconds patience, const Clock& clock) : until_(clock.now() + patience) {}

  Outcome on_start(bool, Effects&) override { return Stay{}; }
  // A TLS record gets a fatal alert (RFC 8446, section 6), everything else a short page.
  Taken on_bytes(Side from, Bytes bytes, Effects& effects) override;
  Outcome on_end(Side, Bytes, Effects&) override { return Close{CloseReason::direct_hit}; }
  Outcome on_connected(Effects&) override { return Stay{}; }
  Outcome on_connect_failed(ConnectFailure, Effects&) override { return Stay{}; }
  Outcome on_deadline(Effects&) override { return Close{CloseReason::direct_hit}; }
  Outcome on_broken(Side, Effects&) override { return Close{CloseReason::direct_hit, Ending::reset}; }
  Outcome on_drain(Effects&) override { return Close{CloseReason::direct_hit}; }
  bool wants(Side side) const override { return side == Side::client; }
  std::optional<Monotonic> deadline() const override { return until_; }
  std::string_view name() const override { return "turning_away"; }

 private:
  Monotonic until_;
};

}  // namespace hyalite

// Stages: one side's connection becomes TLS.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/connect_failure.h"
#include "flow/stage.h"

namespace hyalite {

// First the upstream, so that its certificate is known before the client is shown one; then the client. Which certificate,
// and with whom, stands in the flow's file. While one side shakes hands, the other waits in the kernel.
class Securing final : public Stage {
 public:
  Securing(Side side, Milliseconds at_most, const Clock& clock) : side_(side), at_most_(at_most), clock_(clock) {}

  Outcome on_start(bool upstream_connected, Effects& effects) override {
    if (side_ == Side::upstream && !upstream_connected) {
      effects.connect();
    } else {
      begin(effects);
    }
    return Stay{};
  }
  Taken on_bytes(Side, Bytes, Effects&) override { return {}; }
  Outcome on_end(Side side, Bytes, Effects&) override { return broken(side); }
  Outcome on_connected(Effects& effects) override {
    begin(effects);
    return Stay{};
  }
  Outcome on_connect_failed(ConnectFailure failure, Effects&) override { return mirrored(failure); }
  Outcome on_secured(Side side, Effects&) override { return Secured{side}; }
  Outcome on_deadline(Effects&) override { return Close{CloseReason::tls_timed_out, Ending::reset, Ending::reset}; }
  Outcome on_broken(Side side, Effects&) override { return broken(side); }
  bool wants(Side) const override { return false; }
  // Connecting has a limit of its own.
  std::optional<Monotonic> deadline() const override { return until_; }
  std::string_view name() const override { return side_ == Side::client ? "securing_client" : "securing_upstream"; }

 private:
  void begin(Effects& effects) {
    until_ = clock_.now() + at_most_;
    effects.secure(side_);
  }

  const Side side_;
  const Milliseconds at_most_;
  const Clock& clock_;
  std::optional<Monotonic> until_;
};

}  // namespace hyalite

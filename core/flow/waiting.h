// Stage: a plugin lets the whole flow wait before it is decided what becomes of it.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/connect_failure.h"
#include "flow/stage.h"
#include "plugin/chain.h"

namespace hyalite {

// Nothing is read meanwhile. The pause has a deadline of its own.
class Waiting final : public Stage {
 public:
  // `at`: what the plugins are being asked about. Both outlive the stage.
  Waiting(Chain& chain, FlowSubject& flow, Moment at) : chain_(chain), flow_(flow), at_(at) {}

  Outcome on_start(bool, Effects&) override { return Stay{}; }
  Taken on_bytes(Side, Bytes, Effects&) override { return {}; }
  Outcome on_end(Side, Bytes, Effects&) override { return Stay{}; }
  Outcome on_connected(Effects&) override { return Stay{}; }
  Outcome on_connect_failed(ConnectFailure failure, Effects&) override { return mirrored(failure); }
  Outcome on_deadline(Effects&) override { return Stay{}; }
  Outcome on_broken(Side side, Effects&) override { return broken(side); }
  Outcome on_resumed(Effects&) override {
    const Answer answer = chain_.resume(flow_, Lane::request);
    return answer == Answer::paused ? Outcome{Stay{}} : Outcome{Heard{answer, at_}};
  }
  bool wants(Side) const override { return false; }
  std::string_view name() const override { return "waiting"; }

 private:
  Chain& chain_;
  FlowSubject& flow_;
  const Moment at_;
};

}  // namespace hyalite

// Stage: nothing more happens; the flow closes.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/stage.h"

namespace hyalite {

// What the route answers when a flow must end: a stage that says so at once.
class EndingFlow final : public Stage {
 public:
  explicit EndingFlow(Close how) : how_(how) {}

  Outcome on_start(bool, Effects&) override { return how_; }
  Taken on_bytes(Side, Bytes, Effects&) override { return {0, how_}; }
  Outcome on_end(Side, Bytes, Effects&) override { return how_; }
  Outcome on_connected(Effects&) override { return how_; }
  Outcome on_connect_failed(ConnectFailure, Effects&) override { return how_; }
  Outcome on_deadline(Effects&) override { return how_; }
  Outcome on_broken(Side, Effects&) override { return how_; }
  bool wants(Side) const override { return false; }
  std::string_view name() const override { return "ending"; }

 private:
  Close how_;
};

}  // namespace hyalite

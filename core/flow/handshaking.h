// Stage: a TLS ClientHello is read, without answering it, for what it says about where the client wants to go.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/stage.h"
#include "sniff/client_hello.h"

namespace hyalite {

class Handshaking final : public Stage {
 public:
  // `reader` belongs to the flow and outlives the stage: the hello is needed as long as the flow.
  Handshaking(ClientHelloReader& reader, Milliseconds at_most, const Clock& clock)
      : reader_(reader), until_(clock.now() + at_most) {}

  Outcome on_start(bool, Effects&) override { return Stay{}; }
  Taken on_bytes(Side from, Bytes bytes, Effects&) override {
    if (from == Side::upstream) return {};
    switch (reader_.read(bytes)) {
      case ClientHelloReader::State::need_more: return {};
      case ClientHelloReader::State::malformed: return {0, HelloRead{false}};
      case ClientHelloReader::State::done: break;
    }
    return {0, HelloRead{true}};
  }
  Outcome on_end(Side from, Bytes, Effects&) override {
    if (from == Side::upstream) return Close{CloseReason::upstream_left};
    return Close{CloseReason::client_broke, Ending::reset, Ending::reset};
  }
  Outcome on_connected(Effects&) override { return Stay{}; }
  Outcome on_connect_failed(ConnectFailure, Effects&) override { return Close{CloseReason::connect_failed, Ending::reset}; }
  Outcome on_deadline(Effects&) override { return Close{CloseReason::head_timed_out, Ending::reset, Ending::reset}; }
  Outcome on_broken(Side side, Effects&) override {
    return Close{side == Side::client ? CloseReason::client_broke : CloseReason::upstream_broke, Ending::reset,
                 Ending::reset};
  }
  bool wants(Side side) const override { return side == Side::client; }
  std::optional<Monotonic> deadline() const override { return until_; }
  std::string_view name() const override { return "handshaking"; }

 private:
  ClientHelloReader& reader_;
  Monotonic until_;
};

}  // namespace hyalite

// A flow's ports without sockets: connections are strings, and what happens to the flow is told when somebody asks for it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "flow/flow.h"
#include "harness/held_peer.h"

namespace hyalite {

// How an upstream meets whoever connects to it.
struct UpstreamManners {
  std::optional<ConnectFailure> fails;  // every connection to it
  bool waits = false;                   // until let_connect()
  HandshakeEnds handshakes;
};

class HeldPorts final : public FlowPorts {
 public:
  // `flow` outlives it, and need not be constructed yet.
  HeldPorts(Flow& flow, const UpstreamManners& upstream);

  // For the flow, once.
  std::unique_ptr<Transport> client_transport() { return std::make_unique<HeldTransport>(client_); }

  // Nobody (null): upstream was not connected, or it is closed.
  HeldPeer* peer(Side side);
  // All there ever were, in their order.
  const HeldPeer& client() const { return client_; }
  const std::vector<std::unique_ptr<HeldPeer>>& upstreams() const { return upstreams_; }
  const std::optional<Address>& connected_to() const { return connected_to_; }

  // The flow hears of what that peer did.
  void ring(Side side);
  void let_connect() { upstream_.waits = false; }
  // Tells the flow the next thing of what it waits for. True: there was one.
  bool tell_next();
  // When the flow wants on_timer().
  const std::optional<Monotonic>& due() const { return due_; }

  Result<void> watch(Side, const Transport&) override { return {}; }
  Result<void> await_room(Side) override { return {}; }
  void forget(Side) override {}
  void connect(const ConnectSpec& spec) override { connecting_ = spec.remote; }
  void stop_connecting() override { connecting_.reset(); }
  // Nothing is kept here, but closed: a talk has its upstreams to itself.
  std::unique_ptr<Transport> take_kept(const ConnectSpec&) override { return nullptr; }
  void keep(std::unique_ptr<Transport>, Leg::Rest) override {}
  void upstream_answered() override {}
  void call_at(Monotonic when) override { due_ = when; }
  void call_again() override { again_ = true; }
  void stop() override;

 private:
  void answer();

  Flow& flow_;
  UpstreamManners upstream_;
  HeldPeer client_;
  std::vector<std::unique_ptr<HeldPeer>> upstreams_;
  std::optional<Address> connecting_, connected_to_;
  std::optional<Monotonic> due_;
  bool again_ = false;
};

}  // namespace hyalite

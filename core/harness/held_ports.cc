// A flow's ports without sockets.
// SPDX-License-Identifier: MIT
#include "harness/held_ports.h"

#include <utility>

namespace hyalite {

HeldPorts::HeldPorts(Flow& flow, const UpstreamManners& upstream) : flow_(flow), upstream_(upstream) {
  client_.handshakes = upstream.handshakes;
}

HeldPeer* HeldPorts::peer(Side side) {
  HeldPeer* const peer = side == Side::client ? &client_ : upstreams_.empty() ? nullptr : upstreams_.back().get();
  return peer == nullptr || peer->closed ? nullptr : peer;
}

// As the kernel says it: bytes and an end make readable, a break makes readable and writable (event/watch.h).
void HeldPorts::ring(Side side) {
  const HeldPeer* const rung = peer(side);
  if (rung == nullptr) return;
  const Readiness ready{true, rung->breaks, rung->ends};
  side == Side::client ? flow_.on_client_ready(ready) : flow_.on_upstream_ready(ready);
}

bool HeldPorts::tell_next() {
  if (connecting_ && !upstream_.waits) return answer(), true;
  if (std::exchange(again_, false)) return flow_.on_turn(), true;
  // Whoever has heard that all was said hangs up.
  if (!flow_.closing() || client_.ends) return false;
  client_.ends = true;
  ring(Side::client);
  return true;
}

void HeldPorts::answer() {
  connected_to_ = std::exchange(connecting_, std::nullopt);
  if (upstream_.fails) return flow_.on_connect_failed(*upstream_.fails);
  HeldPeer& made = *upstreams_.emplace_back(std::make_unique<HeldPeer>());
  made.handshakes = upstream_.handshakes;
  flow_.on_connected(std::make_unique<HeldTransport>(made), {.writable = true});
}

void HeldPorts::stop() {
  connecting_.reset();
  due_.reset();
  again_ = false;
}

}  // namespace hyalite

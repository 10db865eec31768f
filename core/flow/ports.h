// What a flow needs of the world: its connections, and to be called again.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "flow/leg.h"
#include "flow/stage.h"
#include "net/connector.h"
#include "net/transport.h"

namespace hyalite {

// The bytes themselves pass through transports (net/transport.h); here is what happens once per connection, or seldom. Over real
// sockets: socket_ports.h. Never calls the flow inside of one of these calls.
class FlowPorts {
 public:
  // Flow::on_..._ready() follows whenever that side's connection may be ready; that it takes bytes is perhaps not told before
  // await_room(). An error: it cannot be watched.
  virtual Result<void> watch(Side side, const Transport& connection) = 0;
  // That connection, which is watched, took no more: that it does again is told from now on. An error: it cannot be.
  virtual Result<void> await_room(Side side) = 0;
  // That connection, if there is one, is about to be closed: nothing is told of it any more.
  virtual void forget(Side side) = 0;
  // Flow::on_connected() or on_connect_failed() follows, once.
  virtual void connect(const ConnectSpec& spec) = 0;
  virtual void stop_connecting() = 0;
  // A connection that an earlier flow of the same client's address kept to there, at rest and watched already. Null: there is none.
  virtual std::unique_ptr<Transport> take_kept(const ConnectSpec& spec) = 0;
  // Upstream's, for a later flow, or to be closed: nothing is told of it any more.
  virtual void keep(std::unique_ptr<Transport> upstream, Leg::Rest rest) = 0;
  // The first bytes came from upstream, or it is not needed any more: it is no loop.
  virtual void upstream_answered() = 0;
  // Flow::on_timer() follows at that time, and not at the one named before.
  virtual void call_at(Monotonic when) = 0;
  // Flow::on_turn() follows when others had their turn.
  virtual void call_again() = 0;
  // The flow is over: nothing of all this follows any more.
  virtual void stop() = 0;

 protected:
  ~FlowPorts() = default;
};

}  // namespace hyalite

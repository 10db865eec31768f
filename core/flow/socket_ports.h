// A flow's ports over real sockets, on a worker's loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "event/timer.h"
#include "event/watch.h"
#include "event/wheel.h"
#include "flow/flow.h"
#include "flow/tally.h"

namespace hyalite {

// Shared by all flows of one worker.
struct SocketNeeds {
  Loop& loop;
  Wheel& wheel;
  LoopTable& loop_table;
  unsigned loop_table_owner;
  Tally& tally;
};

class SocketPorts final : public FlowPorts {
 public:
  // `needs` and `flow` outlive it; `flow` need not be constructed yet.
  SocketPorts(const SocketNeeds& needs, Flow& flow);
  SocketPorts(const SocketPorts&) = delete;
  SocketPorts& operator=(const SocketPorts&) = delete;

  Result<void> watch(Side side, const Transport& connection) override;
  void forget(Side side) override { watch_of(side).stop(); }
  void connect(const ConnectSpec& spec) override;
  void stop_connecting() override { connector_.reset(); }
  void upstream_answered() override { guard_.remove(); }
  void call_at(Monotonic when) override;
  void call_again() override { turn_.ask(); }
  void stop() override;

 private:
  Watch& watch_of(Side side) { return side == Side::client ? client_ : upstream_; }
  void on_connect_result(ConnectResult result);

  const SocketNeeds& needs_;
  Flow& flow_;
  Watch client_, upstream_;  // the latter serves connecting, too
  std::unique_ptr<Connector> connector_;
  LoopTable::Entry guard_;
  Timer timer_;
  Turn turn_;
};

// One of them with its ports, in one piece of memory.
struct SocketFlow {
  SocketFlow(const SocketNeeds& sockets, const FlowNeeds& needs, std::unique_ptr<Transport> client, std::unique_ptr<FlowFile> file)
      : flow(needs, ports, std::move(client), std::move(file)), ports(sockets, flow) {}

  Flow flow;
  SocketPorts ports;  // goes first: it watches sockets that are the flow's
};

}  // namespace hyalite

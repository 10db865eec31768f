// A flow's ports over real sockets, on a worker's loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "event/alarm.h"
#include "event/watch.h"
#include "flow/flow.h"
#include "flow/tally.h"
#include "flow/upstream_pool.h"

namespace hyalite {

// Shared by all flows of one worker.
struct SocketNeeds {
  Loop& loop;
  Wheel& wheel;
  LoopTable& loop_table;
  unsigned loop_table_owner;
  Tally& tally;
  UpstreamPool* pool;  // null: no connection outlives its flow
};

class SocketPorts final : public FlowPorts {
 public:
  // `needs` and `flow` outlive it; `flow` need not be constructed yet.
  SocketPorts(const SocketNeeds& needs, Flow& flow);
  SocketPorts(const SocketPorts&) = delete;
  SocketPorts& operator=(const SocketPorts&) = delete;

  Result<void> watch(Side side, const Transport& connection) override;
  Result<void> await_room(Side side) override;
  void forget(Side side) override;
  void connect(const ConnectSpec& spec) override;
  void stop_connecting() override { connector_.reset(); }
  std::unique_ptr<Transport> take_kept(const ConnectSpec& spec) override;
  void keep(std::unique_ptr<Transport> upstream, Leg::Rest rest) override;
  void upstream_answered() override { guard_.remove(); }
  void call_at(Monotonic when) override;
  void call_again() override { turn_.ask(); }
  void stop() override;

 private:
  void on_connect_result(ConnectResult result);
  UpstreamKey key_to(const Address& upstream) const { return {flow_.file().facts.client.ip, upstream}; }

  const SocketNeeds& needs_;
  Flow& flow_;
  Watch client_;
  std::unique_ptr<UpstreamConnection> upstream_;  // from connecting on
  // Uses the watch of upstream_, and ends before that goes or is replaced: a client whose server might have spoken first may speak
  // while it is still being connected to, and is connected anew.
  std::unique_ptr<Connector> connector_;
  LoopTable::Entry guard_;
  Alarm alarm_;
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

// What every flow of a worker is lent.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "event/loop.h"
#include "event/wheel.h"
#include "flow/route.h"
#include "flow/stage.h"
#include "flow/tally.h"
#include "net/loop_table.h"
#include "net/splice.h"
#include "tls/engine.h"

namespace hyalite {

class Flow;

// Told when a flow is over; may destroy it only after the current event.
class FlowOwner {
 public:
  virtual void on_closed(Flow& flow) = 0;

 protected:
  ~FlowOwner() = default;
};

// Shared by all flows of one worker, which run one at a time.
struct FlowNeeds {
  FlowOwner& owner;
  Loop& loop;
  Wheel& wheel;
  LoopTable& loop_table;
  unsigned loop_table_owner;
  const Route& route;
  Tally& tally;
  Effects& effects;         // empty between two calls of a stage
  std::span<char> scratch;  // what is read goes here first, and mostly leaves from here
  std::size_t most_unread;  // bytes that may lie before one leg's stage has taken them
  Milliseconds linger;
  TlsEngine& tls;
  PipePool* pipes = nullptr;  // null: all bytes are read
};

}  // namespace hyalite

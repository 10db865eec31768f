// What every flow of a worker is lent.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "flow/route.h"
#include "flow/stage.h"
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
  const Clock& clock;
  const Route& route;
  Effects& effects;         // empty between two calls of a stage
  std::span<char> scratch;  // what is read goes here first, and mostly leaves from here
  std::size_t most_unread;  // bytes that may lie before one leg's stage has taken them
  Milliseconds linger;         // to a client that was told everything, to end its side; for all of it where it is turned away
  Milliseconds patience;       // with a client that takes nothing of what it still is to be told
  Milliseconds tls_handshake;  // with an upstream that is connected to anew
  TlsEngine& tls;
  PipePool* pipes = nullptr;  // null: all bytes are read
  bool exact_input = false;  // stages get copies of exactly their bytes, so that every look beyond them is a look at nothing: for tests
};

}  // namespace hyalite

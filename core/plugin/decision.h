// What a plugin decided about a flow or an exchange.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "plugin/refs.h"

namespace hyalite {

// An answer in upstream's place. Framing is added by whoever writes it.
struct Respond {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
// The same, but for the body, which comes through the channel.
struct RespondStream {
  Respond head;
  Ref channel = 0;
};
// A TCP reset to the client, at once.
struct Reset {};
// The rest of the flow passes untouched, and no plugin is asked again.
struct PassThrough {};

// The TLS of this flow is looked into, whatever the rules say.
struct Intercept {};
// The flow ends; `with`: enum hyalite_block_with.
struct Block {
  unsigned with = 0;
};
// The upstream's certificate is good enough, whatever is wrong with it.
struct AcceptCertificate {};

// A WebSocket ends, with a Close to both sides.
struct CloseWebSocket {
  unsigned code = 1000;
  std::string reason;
};

// Where another upstream comes from is not here: it ends nothing (see upstream() of the subjects).
struct Decision {
  enum class Cause {
    plugin,    // it said so
    failure,   // it failed, and its instance fails closed
    overflow,  // a body was larger than it asked to see, and it asked for refusal then
  };

  std::variant<std::monostate, Respond, RespondStream, Reset, PassThrough, Intercept, Block, AcceptCertificate, CloseWebSocket> what;
  Cause cause = Cause::plugin;
  std::string decided_by;  // the instance's name
  std::string reason;      // in its words, for records and log

  bool made() const { return what.index() != 0; }
};

// What a run of the chain came to.
enum class Answer {
  go_on,
  decided,  // the subject's decision() holds what; no further plugin was asked
  paused,   // a plugin waits; the subject's waker is called when Chain::resume has something to say
};

}  // namespace hyalite

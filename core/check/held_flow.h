// One flow through the world: what a client and an upstream say, and what each gets. SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "check/world.h"
#include "harness/talk.h"

namespace hyalite {

// After each thing that happens to it, the world has settled.
class HeldFlow final {
 public:
  // `client`: who talks, by a number of its own.
  explicit HeldFlow(World& world, const HandshakeEnds& handshakes = {}, unsigned client = 1)
      : world_(world), talk_(world.worker(), options_of(handshakes, client)) {
    world_.settle();
  }

  // Nobody listens to a side that is not there or has ended.
  void say(Side side, Bytes bytes) { talk_.say(side, bytes), world_.settle(); }
  void end(Side side) { talk_.end(side), world_.settle(); }
  void breaks(Side side) { talk_.break_off(side), world_.settle(); }
  // The time is up for what it is doing.
  void deadline() {
    if (const auto until = over() ? std::nullopt : talk_.deadline()) world_.advance_to(*until);
    talk_.on_time();
    world_.settle();
  }
  // The proxy ends it: it stops.
  void cut() { talk_.cut_off(); }

  std::uint64_t id() const { return talk_.flow(); }
  // What that side got.
  std::string got(Side side) const { return talk_.sent(side); }
  bool over() const { return talk_.closed() != nullptr; }
  // How it stands, in words: "open in inspecting", "closed (blocked), client reset". For comparing (comparable_reason).
  std::string fate() const {
    const Close* const closed = talk_.closed();
    if (closed == nullptr) return "open in " + std::string(talk_.stage()) + (talk_.connected() ? ", connected" : "");
    return "closed (" + std::string(name_of(comparable_reason(*closed))) + ")" + (closed->client == Ending::reset ? ", client reset" : "") +
           (closed->upstream == Ending::reset ? ", upstream reset" : "");
  }

 private:
  static TalkOptions options_of(const HandshakeEnds& handshakes, unsigned client) {
    TalkOptions options;
    options.upstream.handshakes = handshakes;
    options.client = *Address::parse("192.0.2." + std::to_string(client % 250) + ":40000");
    return options;
  }

  World& world_;
  Talk talk_;
};

}  // namespace hyalite

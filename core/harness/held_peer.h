// The other end of a connection, in memory: what a client or an upstream says, and what it gets.
// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <string>

#include "harness/held_tls.h"
#include "net/transport.h"

namespace hyalite {

struct HeldPeer {
  // Its part.
  std::string said;     // and not read yet
  bool ends = false;    // it says no more
  bool breaks = false;  // its connection broke, behind what it said
  HandshakeEnds handshakes;
  // What came of it.
  std::string got;
  bool told_end = false;
  bool closed = false;  // by us
};

// Our end of it. The peer outlives it.
class HeldTransport final : public Transport {
 public:
  explicit HeldTransport(HeldPeer& peer) : peer_(peer) {}
  ~HeldTransport() override { peer_.closed = true; }

  Moved read(std::span<char> room) override {
    if (peer_.said.empty()) {
      if (peer_.breaks) return {Moved::State::broken, 0, ECONNRESET};
      return {peer_.ends ? Moved::State::ended : Moved::State::later};
    }
    const std::size_t n = peer_.said.copy(room.data(), room.size());
    peer_.said.erase(0, n);
    return {Moved::State::moved, n, 0, peer_.said.empty()};
  }
  Moved write(std::span<const Bytes> pieces, bool) override {
    if (peer_.breaks) return {Moved::State::broken, 0, EPIPE};
    const std::size_t before = peer_.got.size();
    for (const Bytes piece : pieces) peer_.got += piece;
    return {Moved::State::moved, peer_.got.size() - before};
  }
  void end_writing() override { peer_.told_end = true; }
  bool closing_ends_writing() const override { return true; }
  void abort_on_close() override {}
  int take_error() override { return peer_.breaks ? ECONNRESET : 0; }
  int fd() const override { return -1; }
  const HandshakeEnds& handshakes() const { return peer_.handshakes; }

 private:
  HeldPeer& peer_;
};

}  // namespace hyalite

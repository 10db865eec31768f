// Moves bytes between memory and a peer: over a plain socket, or over TLS on top of one.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "base/fd.h"

namespace hyalite {

// What one attempt to move bytes came to.
struct Moved {
  enum class State {
    moved,   // `bytes` were moved, perhaps fewer than offered
    later,   // nothing now: wait until the socket is ready again
    ended,   // reading only: the peer will send no more
    broken,  // the connection is gone; `error` says why
  };
  State state = State::later;
  std::size_t bytes = 0;
  int error = 0;  // errno
  // Reading only: there was no more than this. What comes later is told, unless the end was told already.
  bool drained = false;
};

// One side's connection. Never blocks. Owns its socket.
class Transport {
 public:
  virtual ~Transport() = default;
  // Before anything else, until it says `moved`: brings the connection to where bytes pass. `later`: again when the socket
  // is ready. A plain connection is there at once.
  virtual Moved negotiate() { return {Moved::State::moved}; }
  // Fills the front of `room`.
  virtual Moved read(std::span<char> room) = 0;
  // Sends the pieces in order, as one segment where that is possible. `more`: further bytes follow at once.
  virtual Moved write(std::span<const Bytes> pieces, bool more) = 0;
  // Bytes that were taken, and that the socket would not take yet: push() when it is writable again. They may come from
  // reading, too.
  virtual bool holds_output() const { return false; }
  virtual Moved push() { return {Moved::State::moved}; }
  // Bytes that were taken and of which the peer has not said that it has them; an end that was said counts, too. 0 where nobody
  // can tell.
  virtual std::size_t undelivered() const { return 0; }
  // Says that no more will be sent (FIN). Reading goes on.
  virtual void end_writing() = 0;
  // Does closing it say so, too?
  virtual bool closing_ends_writing() const { return false; }
  // The next close resets the connection (RST) instead of ending it in order.
  virtual void abort_on_close() = 0;
  // The error that waits on the connection (an errno), cleared by asking; 0: none.
  virtual int take_error() = 0;
  // Whoever moved bytes without it, over fd(), met this error (an errno): the kernel will not tell it again.
  virtual void met(int /*error*/) {}
  virtual int fd() const = 0;
  // Do the bytes of that socket pass as they are, so that they may pass without us?
  virtual bool is_plain() const { return false; }
};

}  // namespace hyalite

// Moves bytes between memory and a peer. TLS will be a second kind beside the plain one.
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
};

// One side's connection. Never blocks. Owns its socket.
class Transport {
 public:
  virtual ~Transport() = default;
  // Fills the front of `room`.
  virtual Moved read(std::span<char> room) = 0;
  // Sends the pieces in order, as one segment where that is possible. `more`: further bytes follow at once.
  virtual Moved write(std::span<const Bytes> pieces, bool more) = 0;
  // Says that no more will be sent (FIN). Reading goes on.
  virtual void end_writing() = 0;
  // The next close resets the connection (RST) instead of ending it in order.
  virtual void abort_on_close() = 0;
  // The error that waits on the connection (an errno), cleared by asking; 0: none.
  virtual int take_error() = 0;
  virtual int fd() const = 0;
};

}  // namespace hyalite

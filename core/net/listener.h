// Accepts clients and finds out where they were going.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "event/timer.h"
#include "event/watch.h"
#include "net/original_destination.h"

namespace hyalite {

// A client that is to be served. The socket does not block.
struct Accepted {
  Fd fd;
  ClientAddress client;
  OriginalDestination destination;
  ArrivalMode mode;
  std::size_t listener;  // the index its owner gave
};

// A client that is not. Whoever gets it may still answer it (a short page for a direct hit) or just
// close it.
struct Refused {
  ArrivalRefusal why;
  Fd fd;
  ClientAddress client;
  std::size_t listener;
};

// Told by its listeners; outlives them. May pause, stop or destroy the listener inside a call.
class ListenerOwner {
 public:
  virtual void on_accepted(Accepted accepted) = 0;
  virtual void on_refused(Refused refused) = 0;
  // accept() failed for want of descriptors or memory (`code`: EMFILE, ENFILE, ENOBUFS, ENOMEM);
  // accepting rests a moment. `shed` clients that waited through a rest already were closed
  // unheard.
  virtual void on_exhausted(int code, std::size_t shed) = 0;

 protected:
  ~ListenerOwner() = default;
};

struct ListenerOptions {
  std::size_t index = 0;
  std::size_t batch = 16;  // clients accepted per event
  Milliseconds rest{100};  // after exhaustion
  // Every client of this listener goes there; nothing is looked up.
  std::optional<OriginalDestination> fixed = {};
};

// Serves one listening socket, level-triggered: what is not accepted stays in the kernel's queue,
// for siblings too.
class Listener {
 public:
  // `listening` is ours from here on.
  Listener(Loop& loop, Fd listening, Arrivals& arrivals, ListenerOwner& owner,
           ListenerOptions options = {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // A new listener rests until this is called.
  Result<void> resume();
  void pause();
  bool accepting() const { return watch_.watching(); }

 private:
  enum class Step { go_on, stop };

  void on_readable();
  void on_rested();
  Step accept_one();
  void hand_on(Fd fd, const ClientAddress& client);
  void on_exhausted(int code);
  std::size_t shed_waiting();

  Fd listening_;
  Arrivals& arrivals_;
  ListenerOwner& owner_;
  ListenerOptions options_;
  ReadWatch watch_;
  Timer rest_;
  Fd reserve_;                 // given up to be able to accept and close when no descriptor is left
  bool wanted_ = false;        // resume() was called last, not pause()
  bool starved_ = false;       // no client could be accepted since the last rest
  bool* destroyed_ = nullptr;  // where on_readable() learns that the owner destroyed us in a call
};

}  // namespace hyalite

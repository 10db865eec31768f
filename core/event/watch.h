// Tells when a descriptor can be read or written.
// SPDX-License-Identifier: MIT
#pragma once

#include <event2/event_struct.h>

#include "base/result.h"
#include "event/callback.h"
#include "event/loop.h"

namespace hyalite {

// What became possible. Edge-triggered: told once when it becomes so; the owner remembers until a
// call said EAGAIN.
struct Readiness {
  bool readable = false;  // there are bytes, an end or an error to read
  bool writable = false;
  bool closed =
      false;  // the peer has finished sending: read until the end, even after a short read
  // A connection that broke is told as readable and writable, not as closed.

  Readiness operator|(Readiness other) const {
    return {readable || other.readable, writable || other.writable, closed || other.closed};
  }
};

// Watches one socket, edge-triggered, with a single registration for its whole life, or a second one when it did not care for
// room at first. The owner may stop or destroy the watch inside its call.
class Watch {
 public:
  Watch(Loop& loop, Callback<Readiness> owner);
  ~Watch() { stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // `fd` stays the caller's. The first call tells what is possible now.
  Result<void> start(int fd);
  // As start(), but Readiness::writable is not told, and a connection that broke is told as readable alone. For a socket of
  // which it is known that it has room: epoll would wake its owner only to say so.
  Result<void> start_reading(int fd);
  // From now on `writable` is told, too, and what is possible now once more. Nothing happens when it is told already.
  Result<void> await_room();
  // At the latest right after fd was closed: nothing may be opened and watched in between.
  void stop();
  bool watching() const;
  // From now on somebody else is told: how a connection goes from the connector to its flow without
  // a system call.
  void set_owner(Callback<Readiness> owner) { owner_ = owner; }
  Callback<Readiness> owner() const { return owner_; }

 private:
  static void on_event(evutil_socket_t fd, short what, void* self);
  Result<void> start(int fd, short events);

  Callback<Readiness> owner_;
  event event_{};  // knows the loop, and whether it is watched: each flow has two
};

// Level-triggered and for reading only: listening sockets, pipes, channels, signalfd. Told again
// while there is something.
class ReadWatch {
 public:
  ReadWatch(Loop& loop, Callback<> owner) : loop_(loop), owner_(owner) {}
  ~ReadWatch() { stop(); }
  ReadWatch(const ReadWatch&) = delete;
  ReadWatch& operator=(const ReadWatch&) = delete;

  // `fd` stays the caller's, and open until stop(). May be started again after stop().
  Result<void> start(int fd);
  void stop();
  bool watching() const { return watching_; }

 private:
  static void on_event(evutil_socket_t fd, short what, void* self);

  Loop& loop_;
  Callback<> owner_;
  event event_{};
  bool watching_ = false;
};

}  // namespace hyalite

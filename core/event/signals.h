// A signal as a call on the loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <event2/event_struct.h>

#include "base/result.h"
#include "event/callback.h"
#include "event/loop.h"

namespace hyalite {

// Catches `signal` while it lives and calls its owner on the loop, never inside the signal handler.
// Only one loop of a process may catch signals.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal, Callback<> owner);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  static void on_event(evutil_socket_t fd, short what, void* self);

  Callback<> owner_;
  event event_{};
};

}  // namespace hyalite

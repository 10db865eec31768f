// A signal as a call on the loop.
// SPDX-License-Identifier: MIT
#include "event/signals.h"

#include <event2/event.h>

#include <exception>

namespace hyalite {

SignalWatch::SignalWatch(Loop& loop, int signal, Callback<> owner) : owner_(owner) {
  event_assign(&event_, loop.base(), signal, EV_SIGNAL | EV_PERSIST, &SignalWatch::on_event, this);
  if (event_add(&event_, nullptr) != 0) std::terminate();
}

SignalWatch::~SignalWatch() { event_del(&event_); }

void SignalWatch::on_event(evutil_socket_t, short, void* self) {
  static_cast<SignalWatch*>(self)->owner_();
}

}  // namespace hyalite

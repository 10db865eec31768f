// Calls once, later; or again and again.
// SPDX-License-Identifier: MIT
#pragma once

#include <event2/event_struct.h>

#include "base/clock.h"
#include "event/callback.h"
#include "event/loop.h"

namespace hyalite {

// For short or exact waits; some milliseconds early or late. Idle times belong on a Wheel: it costs
// less per connection. The owner may stop, restart or destroy the timer inside its call.
class Timer {
 public:
  Timer(Loop& loop, Callback<> owner);
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // The owner is called once after `delay`. A running timer is moved.
  void start(Milliseconds delay);
  void stop();
  bool running() const { return running_; }

 private:
  static void on_event(evutil_socket_t fd, short what, void* self);

  Callback<> owner_;
  event event_{};
  bool running_ = false;
};

// Calls at every `period` while it lives; misses none and bundles those it is late for into one.
class Ticker {
 public:
  Ticker(Loop& loop, Milliseconds period, Callback<> owner);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  static void on_event(evutil_socket_t fd, short what, void* self);

  Callback<> owner_;
  event event_{};
};

}  // namespace hyalite

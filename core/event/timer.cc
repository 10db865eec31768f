// Calls once, later; or again and again.
// SPDX-License-Identifier: MIT
#include "event/timer.h"

#include <event2/event.h>

#include <exception>

namespace hyalite {

namespace {

timeval to_timeval(Milliseconds delay) {
  if (delay < Milliseconds{0}) delay = Milliseconds{0};
  return {.tv_sec = static_cast<time_t>(delay.count() / 1000),
          .tv_usec = static_cast<suseconds_t>(delay.count() % 1000 * 1000)};
}

}  // namespace

Timer::Timer(Loop& loop, Callback<> owner) : owner_(owner) {
  event_assign(&event_, loop.base(), -1, 0, &Timer::on_event, this);
}

void Timer::start(Milliseconds delay) {
  const timeval wait = to_timeval(delay);
  // Fails only for want of memory for the heap of timers, which grows by doubling: nothing sensible
  // is left to do then.
  running_ = event_add(&event_, &wait) == 0;
  if (!running_) std::terminate();
}

void Timer::stop() {
  if (running_) event_del(&event_);
  running_ = false;
}

void Timer::on_event(evutil_socket_t, short, void* self) {
  auto& timer = *static_cast<Timer*>(self);
  timer.running_ = false;
  timer.owner_();
}

Ticker::Ticker(Loop& loop, Milliseconds period, Callback<> owner) : owner_(owner) {
  event_assign(&event_, loop.base(), -1, EV_PERSIST, &Ticker::on_event, this);
  const timeval wait = to_timeval(period);
  if (event_add(&event_, &wait) != 0) std::terminate();
}

Ticker::~Ticker() { event_del(&event_); }

void Ticker::on_event(evutil_socket_t, short, void* self) { static_cast<Ticker*>(self)->owner_(); }

}  // namespace hyalite

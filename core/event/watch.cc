// Tells when a descriptor can be read or written.
// SPDX-License-Identifier: MIT
#include "event/watch.h"

#include <event2/event.h>

#include <cassert>
#include <cerrno>

namespace hyalite {

namespace {

// event_add() says only that it failed; the reason is in errno, left there by epoll_ctl().
Result<void> add(event& event, const char* what) {
  errno = 0;
  if (event_add(&event, nullptr) == 0) return {};
  return Error::system(Fault::us, what, errno);
}

}  // namespace

Watch::Watch(Loop& loop, Callback<Readiness> owner) : owner_(owner) {
  event_assign(&event_, loop.base(), -1, 0, &Watch::on_event, this);
}

Result<void> Watch::start(int fd) { return start(fd, EV_READ | EV_WRITE | EV_CLOSED); }

Result<void> Watch::start_reading(int fd) { return start(fd, EV_READ | EV_CLOSED); }

Result<void> Watch::await_room() {
  assert(watching());
  if ((event_get_events(&event_) & EV_WRITE) != 0) return {};
  event_del(&event_);
  return start(event_get_fd(&event_));
}

Result<void> Watch::start(int fd, short events) {
  assert(!watching());
  event_assign(&event_, event_get_base(&event_), fd, static_cast<short>(events | EV_PERSIST | EV_ET), &Watch::on_event, this);
  return add(event_, "cannot watch a socket");
}

bool Watch::watching() const { return event_pending(&event_, EV_READ, nullptr) != 0; }

void Watch::stop() {
  if (watching()) event_del(&event_);
}

void Watch::on_event(evutil_socket_t, short what, void* self) {
  const auto& watch = *static_cast<Watch*>(self);
  watch.owner_(Readiness{.readable = (what & EV_READ) != 0,
                         .writable = (what & EV_WRITE) != 0,
                         .closed = (what & EV_CLOSED) != 0});
}

Result<void> ReadWatch::start(int fd) {
  assert(!watching_);
  event_assign(&event_, loop_.base(), fd, EV_READ | EV_PERSIST, &ReadWatch::on_event, this);
  auto added = add(event_, "cannot watch a descriptor");
  watching_ = added.has_value();
  return added;
}

void ReadWatch::stop() {
  if (!watching_) return;
  event_del(&event_);
  watching_ = false;
}

void ReadWatch::on_event(evutil_socket_t, short, void* self) {
  static_cast<ReadWatch*>(self)->owner_();
}

}  // namespace hyalite

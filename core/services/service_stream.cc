// One connection to a service over TCP.
// SPDX-License-Identifier: MIT
#include "services/service_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hyalite {

ServiceStream::ServiceStream(const ServiceWay& way, Ref channel, Channels& channels, ServiceStreamOwner& owner)
    : way_(way),
      channel_(channel),
      channels_(channels),
      owner_(owner),
      link_(way, *this),
      idle_(way.loop, callback<&ServiceStream::on_time>(*this)) {}

void ServiceStream::on_linked() {
  state_ = State::open;
  idle_.start(way_.service.idle);
  touched();
  channels_.opened(channel_);
  move();
}

void ServiceStream::on_unlinked(hyalite_status status, std::string why) { finish(Talked::failed, status, std::move(why)); }

void ServiceStream::on_wake() {
  if (state_ == State::open) move();
}

void ServiceStream::break_off() {
  state_ = State::over;
  link_.close(false);
  idle_.stop();
}

// ---- time

void ServiceStream::touched() { moved_ = way_.loop.now(); }

// The timer is not moved with every byte: when it fires, it is seen how long ago the last one was.
void ServiceStream::on_time() {
  const auto still = way_.loop.now() - moved_;
  if (still < way_.service.idle) return idle_.start(std::chrono::ceil<Milliseconds>(way_.service.idle - still));
  finish(Talked::idle, HYALITE_E_TIMED_OUT, "the connection stood still for too long");
}

// ---- bytes

void ServiceStream::move() {
  if (!send() || !receive()) return;
  if (out_ == Way::open || in_ == Way::open || !channels_.all_told(channel_)) return;
  if (link_.push().state == Moved::State::moved) finish(Talked::in_order, HYALITE_OK);
}

// False: it is over.
bool ServiceStream::send() {
  while (out_ == Way::open) {
    const auto pending = channels_.pending(channel_);
    if (pending->bytes.empty()) {
      if (!pending->last) break;
      link_.end();
      out_ = Way::ended;
      break;
    }
    const Moved moved = link_.write(pending->bytes);
    if (moved.state == Moved::State::later) return true;
    if (moved.state != Moved::State::moved) {
      // What it said before it went is told first.
      if (receive()) fail(moved);
      return false;
    }
    touched();
    channels_.sent(channel_, moved.bytes);
  }
  if (const Moved pushed = link_.push(); pushed.state == Moved::State::broken) {
    if (receive()) fail(pushed);
    return false;
  }
  return true;
}

bool ServiceStream::receive() {
  std::array<char, 16 * 1024> room;
  while (in_ == Way::open) {
    const std::size_t most = std::min(room.size(), channels_.room_for_arrivals(channel_));
    if (most == 0) return true;
    const Moved moved = link_.read({room.data(), most});
    switch (moved.state) {
      case Moved::State::later: return true;
      case Moved::State::broken: return fail(moved), false;
      case Moved::State::ended:
        in_ = Way::ended;
        channels_.arrivals_ended(channel_);
        break;
      case Moved::State::moved: channels_.arrived(channel_, {room.data(), moved.bytes}); break;
    }
    touched();
  }
  return true;
}

void ServiceStream::fail(const Moved& moved) {
  finish(Talked::failed, HYALITE_E_FAILED, std::string("the connection broke: ") + std::strerror(moved.error));
}

void ServiceStream::finish(Talked how, hyalite_status status, std::string why) {
  state_ = State::over;
  link_.close(status == HYALITE_OK);
  idle_.stop();
  way_.record.talked(how);
  channels_.finish(channel_, status, std::move(why));
  owner_.on_over(*this);
}

}  // namespace hyalite

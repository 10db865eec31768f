// One connection to a service over HTTP.
// SPDX-License-Identifier: MIT
#include "services/service_connection.h"

#include <array>
#include <cstring>

namespace hyalite {

ServiceConnection::ServiceConnection(const ServiceWay& way, ServiceConnectionOwner& owner)
    : settings_(way.service), owner_(owner), link_(way, *this) {}

void ServiceConnection::ask(std::string bytes, bool is_head) {
  reader_.emplace(is_head, settings_.response_bytes);
  unsent_.append(bytes);
  if (state_ == State::connected) return move();
  if (state_ != State::fresh) return;
  state_ = State::connecting;
  link_.start();
}

void ServiceConnection::on_linked() {
  state_ = State::connected;
  move();
}

void ServiceConnection::move() {
  send();
  while (state_ == State::connected && receive()) {
  }
}

void ServiceConnection::send() {
  while (!unsent_.empty()) {
    const Moved moved = link_.write(unsent_.bytes());
    switch (moved.state) {
      case Moved::State::moved: unsent_.consume(moved.bytes); break;
      case Moved::State::later: return;
      case Moved::State::ended:
      case Moved::State::broken:
        // An answer may have come before the connection went.
        unsent_.clear();
        return;
    }
  }
  // Reading tells when it has broken.
  (void)link_.push();
}

bool ServiceConnection::receive() {
  std::array<char, 16 * 1024> room;
  const Moved moved = link_.read(room);
  if (moved.state == Moved::State::later) return false;
  hear(moved, {room.data(), moved.bytes});
  return true;
}

void ServiceConnection::hear(const Moved& moved, Bytes bytes) {
  const bool over = moved.state != Moved::State::moved;
  // Between two questions there is nothing to say.
  if (!reader_) return lose(failed(HYALITE_E_FAILED, over ? "the service closed the connection" : "the service spoke without being asked"));
  if (moved.state == Moved::State::broken) {
    return lose(failed(HYALITE_E_FAILED, std::string("the connection broke: ") + std::strerror(moved.error)));
  }
  auto told = over ? reader_->finish() : reader_->take(bytes);
  if (over && !reader_->began()) return lose(std::move(*told));
  if (!told) return;
  const bool reusable = !over && told->status == HYALITE_OK && reader_->reusable() && unsent_.empty();
  reader_.reset();
  served_ = true;
  owner_.on_answer(*this, std::move(*told), reusable);
}

void ServiceConnection::lose(FetchResult why) {
  state_ = State::lost;
  const bool unheard = served_ && reader_ && !reader_->began();
  link_.close(true);
  owner_.on_lost(*this, std::move(why), unheard);
}

}  // namespace hyalite

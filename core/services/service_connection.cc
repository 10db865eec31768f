// One connection to a service.
// SPDX-License-Identifier: MIT
#include "services/service_connection.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hyalite {

ServiceConnection::ServiceConnection(Loop& loop, Resolver& resolver, const ServiceSettings& settings, const OwnMark& mark,
                                     ServiceConnectionOwner& owner)
    : resolver_(resolver),
      settings_(settings),
      mark_(mark),
      owner_(owner),
      connect_timer_(loop, callback<&ServiceConnection::on_late>(*this)),
      watch_(loop, callback<&ServiceConnection::on_ready>(*this)) {}

void ServiceConnection::ask(std::string bytes, bool is_head) {
  reader_.emplace(is_head, settings_.response_bytes);
  unsent_.append(bytes);
  if (state_ == State::fresh) return connect();
  if (state_ == State::connected) move();
}

// ---- connecting

void ServiceConnection::connect() {
  connect_timer_.start(settings_.connect);
  const ServiceTarget target = target_of(settings_);
  if (const auto* address = std::get_if<Address>(&target)) return connected_as(begin_connect(*address, mark_));
  if (const auto* socket = std::get_if<UnixSocket>(&target)) return connected_as(begin_connect(*socket));
  const NamedHost& host = std::get<NamedHost>(target);
  state_ = State::resolving;
  lookup_ = resolver_.start(host.name, host.port, callback<&ServiceConnection::on_resolved>(*this));
}

void ServiceConnection::on_resolved(Resolver::Found found) {
  if (!found) return lose(found.error().text);
  to_try_ = std::move(*found);
  std::reverse(to_try_.begin(), to_try_.end());
  last_failure_ = "no address of the service's name could be connected to";
  connect_to_next();
}

void ServiceConnection::connect_to_next() {
  if (to_try_.empty()) return lose(last_failure_);
  const Address address = to_try_.back();
  to_try_.pop_back();
  connected_as(begin_connect(address, mark_));
}

void ServiceConnection::connected_as(Result<Fd> fd) {
  if (!fd) {
    last_failure_ = fd.error().text;
    return to_try_.empty() ? lose(last_failure_) : connect_to_next();
  }
  state_ = State::connecting;
  readable_ = writable_ = false;
  transport_ = std::make_unique<PlainTransport>(std::move(*fd));
  if (auto watching = watch_.start(transport_->fd()); !watching) lose(watching.error().text);
}

void ServiceConnection::on_late() { lose("the service could not be connected to in time"); }

void ServiceConnection::on_ready(Readiness ready) {
  readable_ |= ready.readable || ready.closed;
  writable_ |= ready.writable;
  if (state_ == State::connecting && writable_) {
    if (const int error = transport_->take_error(); error != 0) {
      watch_.stop();
      last_failure_ = std::string("the service cannot be connected to: ") + std::strerror(error);
      return to_try_.empty() ? lose(last_failure_) : connect_to_next();
    }
    connect_timer_.stop();
    state_ = State::connected;
  }
  if (state_ == State::connected) move();
}

// ---- talking

void ServiceConnection::move() {
  if (!send()) return;
  while (state_ == State::connected && readable_) receive();
}

bool ServiceConnection::send() {
  while (writable_ && !unsent_.empty()) {
    const Bytes piece = unsent_.bytes();
    const Moved moved = transport_->write({&piece, 1}, false);
    switch (moved.state) {
      case Moved::State::moved: unsent_.consume(moved.bytes); break;
      case Moved::State::later: writable_ = false; break;
      case Moved::State::ended:
      case Moved::State::broken:
        // An answer may have come before the connection went.
        unsent_.clear();
        readable_ = true;
        return true;
    }
  }
  return true;
}

void ServiceConnection::receive() {
  std::array<char, 16 * 1024> room;
  const Moved moved = transport_->read(room);
  if (moved.state == Moved::State::later) {
    readable_ = false;
    return;
  }
  const bool over = moved.state != Moved::State::moved;
  // Between two questions there is nothing to say.
  if (!reader_) return lose(over ? "the service closed the connection" : "the service spoke without being asked");
  if (moved.state == Moved::State::broken) return lose(std::string("the connection broke: ") + std::strerror(moved.error));
  auto told = over ? reader_->finish() : reader_->take({room.data(), moved.bytes});
  if (over && !reader_->began()) return lose(std::move(told->why));
  if (!told) return;
  const bool reusable = !over && told->status == HYALITE_OK && reader_->reusable() && unsent_.empty();
  reader_.reset();
  served_ = true;
  owner_.on_answer(*this, std::move(*told), reusable);
}

void ServiceConnection::lose(std::string why) {
  state_ = State::lost;
  const bool unheard = served_ && reader_ && !reader_->began();
  connect_timer_.stop();
  watch_.stop();
  lookup_.reset();
  transport_.reset();
  owner_.on_lost(*this, std::move(why), unheard);
}

}  // namespace hyalite

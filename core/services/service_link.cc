// One way to a service.
// SPDX-License-Identifier: MIT
#include "services/service_link.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/plain_transport.h"

namespace hyalite {

ServiceLink::ServiceLink(const ServiceWay& way, ServiceLinkOwner& owner)
    : way_(way),
      owner_(owner),
      timer_(way.loop, callback<&ServiceLink::on_late>(*this)),
      watch_(way.loop, callback<&ServiceLink::on_ready>(*this)) {}

// ---- until it is linked

void ServiceLink::start() {
  timer_.start(way_.service.connect);
  const ServiceTarget target = target_of(way_.service);
  if (const auto* address = std::get_if<Address>(&target)) return connecting_as(begin_connect(*address, way_.mark));
  if (const auto* socket = std::get_if<UnixSocket>(&target)) return connecting_as(begin_connect(*socket));
  const NamedHost& host = std::get<NamedHost>(target);
  state_ = State::resolving;
  lookup_ = way_.resolver.start(host.name, host.port, callback<&ServiceLink::on_resolved>(*this));
}

void ServiceLink::on_resolved(Resolver::Found found) {
  if (!found) return give_up(Reached::failed, found.error().text);
  to_try_ = std::move(*found);
  std::reverse(to_try_.begin(), to_try_.end());
  last_failure_ = "no address of the service's name could be connected to";
  connect_to_next();
}

void ServiceLink::connect_to_next() {
  if (to_try_.empty()) return give_up(Reached::failed, last_failure_);
  const Address address = to_try_.back();
  to_try_.pop_back();
  connecting_as(begin_connect(address, way_.mark));
}

void ServiceLink::connecting_as(Result<Fd> fd) {
  if (!fd) {
    last_failure_ = fd.error().text;
    return connect_to_next();
  }
  state_ = State::connecting;
  readable_ = writable_ = false;
  transport_ = std::make_unique<PlainTransport>(std::move(*fd));
  if (auto watching = watch_.start(transport_->fd()); !watching) give_up(Reached::failed, watching.error().text);
}

void ServiceLink::on_late() {
  give_up(Reached::late, state_ == State::securing ? "TLS with the service was not agreed on in time"
                                                   : "the service could not be connected to in time");
}

void ServiceLink::on_ready(Readiness ready) {
  readable_ |= ready.readable || ready.closed;
  writable_ |= ready.writable;
  switch (state_) {
    case State::connecting:
      if (writable_) on_connected();
      break;
    case State::securing: secure(); break;
    case State::linked: owner_.on_ready(); break;
    case State::fresh:
    case State::resolving:
    case State::closed: break;
  }
}

void ServiceLink::on_connected() {
  if (const int error = transport_->take_error(); error != 0) {
    watch_.stop();
    last_failure_ = std::string("the service cannot be connected to: ") + std::strerror(error);
    return connect_to_next();
  }
  if (!way_.service.tls.enabled) return become_linked();
  state_ = State::securing;
  way_.tls->over(transport_, way_.service.name, way_.loop.clock().wall_time(), facts_);
  secure();
}

void ServiceLink::secure() {
  const Moved moved = transport_->negotiate();
  if (moved.state == Moved::State::moved) return become_linked();
  if (moved.state != Moved::State::later) give_up(Reached::untrusted, failure_of(facts_));
}

void ServiceLink::become_linked() {
  timer_.stop();
  facts_.certificate = {};
  state_ = State::linked;
  way_.record.reached(Reached::connected);
  owner_.on_linked();
}

void ServiceLink::give_up(Reached how, std::string why) {
  close(true);
  way_.record.reached(how, why);
  owner_.on_unlinked(how == Reached::late ? HYALITE_E_TIMED_OUT : HYALITE_E_FAILED, std::move(why));
}

// ---- while it is

Moved ServiceLink::read(std::span<char> room) {
  if (!readable_) return {Moved::State::later};
  const Moved moved = transport_->read(room);
  if (moved.state == Moved::State::moved) way_.record.received(moved.bytes);
  if (moved.state == Moved::State::later) readable_ = false;
  return moved;
}

Moved ServiceLink::write(Bytes bytes) {
  if (!writable_) return {Moved::State::later};
  const Moved moved = transport_->write({&bytes, 1}, false);
  if (moved.state == Moved::State::moved) way_.record.sent(moved.bytes);
  if (moved.state == Moved::State::later) writable_ = false;
  return moved;
}

void ServiceLink::end() { transport_->end_writing(); }

Moved ServiceLink::push() {
  if (!transport_->holds_output()) return {Moved::State::moved};
  if (!writable_) return {Moved::State::later};
  const Moved moved = transport_->push();
  if (moved.state == Moved::State::later) writable_ = false;
  return moved;
}

void ServiceLink::close(bool in_order) {
  state_ = State::closed;
  timer_.stop();
  watch_.stop();
  lookup_.reset();
  if (transport_ && !in_order) transport_->abort_on_close();
  transport_.reset();
}

}  // namespace hyalite

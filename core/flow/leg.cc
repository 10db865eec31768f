// One side of a flow: a connection, and the bytes that wait on it.
// SPDX-License-Identifier: MIT
#include "flow/leg.h"

#include <algorithm>
#include <numeric>

namespace hyalite {

void Leg::attach(std::unique_ptr<Transport> transport, Readiness ready) {
  transport_ = std::move(transport);
  inbound_ = Inbound::open;
  outbound_ = Outbound::open;
  readable_ = writable_ = drained_ = closed_seen_ = false;
  now_ready(ready);
}

bool Leg::layer(Layer over) {
  const Transport* const before = transport_.get();
  over(transport_, unread_.bytes());
  if (transport_.get() == before) return false;
  unread_.clear();
  negotiating_ = true;
  readable_ = writable_ = true;
  drained_ = false;
  return true;
}

Moved::State Leg::negotiate() {
  const Moved moved = transport_->negotiate();
  if (moved.state != Moved::State::later) negotiating_ = false;
  if (moved.state == Moved::State::broken) inbound_ = Inbound::broken;
  if (transport_->holds_output()) writable_ = false;
  return moved.state;
}

void Leg::detach() {
  negotiating_ = false;
  transport_.reset();
  unread_.clear();
  unsent_.clear();
  piped_.reset();
}

void Leg::now_ready(Readiness readiness) {
  readable_ |= readiness.readable || readiness.closed;
  if (readiness.readable || readiness.closed) drained_ = false;
  closed_seen_ |= readiness.closed;
  writable_ |= readiness.writable || readiness.closed;
}

LegInput Leg::read(std::span<char> scratch, std::size_t most) {
  LegInput input{unread_.bytes()};
  if (!readable() || unread_.size() >= most) return input;
  const std::size_t room = std::min(most - unread_.size(), scratch.size());
  // Bytes from before must stand in front: then the buffer itself is read into.
  const bool into_buffer = !unread_.empty();
  char* const place = into_buffer ? unread_.reserve(room) : scratch.data();
  const Moved moved = transport_->read({place, room});
  switch (moved.state) {
    case Moved::State::moved:
      bytes_read_ += moved.bytes;
      drained_ = moved.drained;
      if (into_buffer) unread_.commit(moved.bytes);
      input.bytes = into_buffer ? unread_.bytes() : Bytes(place, moved.bytes);
      input.grew = true;
      return input;
    case Moved::State::later: readable_ = false; break;
    case Moved::State::ended:
      inbound_ = Inbound::ended;
      input.ended = true;
      break;
    case Moved::State::broken:
      inbound_ = Inbound::broken;
      input.broken = true;
      break;
  }
  input.bytes = unread_.bytes();
  return input;
}

// The kernel says it at every attempt.
void Leg::tell_end_again() {
  if (inbound_ != Inbound::ended) return;
  inbound_ = Inbound::open;
  readable_ = true;
  drained_ = false;
}

void Leg::settle(const LegInput& input, std::size_t taken) {
  const Bytes rest = input.bytes.substr(taken);
  if (unread_.empty()) {
    unread_.append(rest);
  } else {
    unread_.consume(taken);
  }
}

bool Leg::send(std::span<const Bytes> pieces, bool last) {
  if (outbound_ != Outbound::open || !attached()) return outbound_ != Outbound::lost;
  std::size_t at = 0;      // piece
  std::size_t offset = 0;  // sent of that piece
  while (unsent_.empty() && !piped_ && writable_ && !negotiating_ && at < pieces.size()) {
    Bytes first = pieces[at].substr(offset);
    std::vector<Bytes> partial;
    std::span<const Bytes> rest = pieces.subspan(at);
    if (offset > 0) {
      partial.assign(rest.begin(), rest.end());
      partial[0] = first;
      rest = partial;
    }
    const Moved moved = transport_->write(rest, last);
    if (moved.state == Moved::State::broken) return lose_outbound();
    if (moved.state == Moved::State::later) {
      writable_ = false;
      break;
    }
    bytes_sent_ += moved.bytes;
    std::size_t n = moved.bytes + offset;
    while (at < pieces.size() && n >= pieces[at].size()) n -= pieces[at++].size();
    offset = n;
  }
  for (; at < pieces.size(); ++at, offset = 0) unsent_.append(pieces[at].substr(offset));
  return true;
}

// What the transport holds goes before what the leg holds. False when the peer is gone.
bool Leg::push() {
  if (!attached() || !writable_ || !transport_->holds_output()) return true;
  const Moved moved = transport_->push();
  if (moved.state == Moved::State::broken) return false;
  if (moved.state == Moved::State::later) writable_ = false;
  return true;
}

std::optional<std::uint64_t> Leg::draw_from(Leg& from, PipePool& pipes, std::uint64_t most) {
  const bool plain = attached() && from.attached() && transport_->is_plain() && from.transport_->is_plain();
  if (!plain || !all_sent() || outbound_ != Outbound::open || from.has_unread()) return std::nullopt;
  auto splice = Splice::open(pipes, most);
  if (!splice) return std::nullopt;
  const Splice::State state = splice->move(from.transport_->fd(), transport_->fd(), most);
  const std::uint64_t came = splice->read();
  from.bytes_read_ += came;
  bytes_sent_ += splice->written();
  if (state == Splice::State::needs_source) from.readable_ = false;
  if (state == Splice::State::needs_sink) writable_ = false;
  const bool failed = state == Splice::State::failed;
  const bool lost = failed && splice->failed_side() == Splice::Side::sink;
  if (failed) (lost ? transport_ : from.transport_)->met(splice->failure());
  if (lost) {
    lose_outbound();
  } else if (splice->in_pipe() > 0) {
    piped_ = std::make_unique<Splice>(std::move(*splice));
  }
  // An end or a failure of `from` is found by reading.
  if (came == 0) return std::nullopt;
  return came;
}

// What lies in a pipe. False when the peer is gone.
bool Leg::push_piped() {
  if (!piped_ || !writable_) return true;
  const std::uint64_t before = piped_->written();
  const Splice::State state = piped_->drain(transport_->fd());
  bytes_sent_ += piped_->written() - before;
  if (state == Splice::State::failed) {
    transport_->met(piped_->failure());
    return false;
  }
  if (state == Splice::State::needs_sink) {
    writable_ = false;
  } else {
    piped_.reset();
  }
  return true;
}

bool Leg::flush() {
  if (!push() || !push_piped()) return lose_outbound();
  while (!unsent_.empty() && writable_ && !negotiating_) {
    const Bytes bytes = unsent_.bytes();
    const Moved moved = transport_->write({&bytes, 1}, false);
    if (moved.state == Moved::State::broken) return lose_outbound();
    if (moved.state == Moved::State::later) {
      writable_ = false;
      return true;
    }
    bytes_sent_ += moved.bytes;
    unsent_.consume(moved.bytes);
  }
  if (all_sent() && outbound_ == Outbound::ending) {
    transport_->end_writing();
    outbound_ = Outbound::ended;
  }
  return true;
}

bool Leg::lose_outbound() {
  outbound_ = Outbound::lost;
  unsent_.clear();
  piped_.reset();
  // What the peer sent before it went may still be there to be read: an early answer, for one.
  readable_ = true;
  drained_ = false;
  return false;
}

void Leg::end() {
  if (!attached() || outbound_ != Outbound::open) return;
  outbound_ = Outbound::ending;
  if (all_sent()) flush();
}

void Leg::close(Ending ending) {
  if (attached() && ending == Ending::reset) transport_->abort_on_close();
  detach();
}

Leg::Rest Leg::rest() const {
  const bool open = attached() && inbound_ == Inbound::open && outbound_ == Outbound::open && !negotiating_;
  if (!open || !all_sent() || has_unread()) return Rest::no;
  return closed_seen_ || (readable_ && !drained_) ? Rest::perhaps : Rest::yes;
}

std::unique_ptr<Transport> Leg::release() {
  std::unique_ptr<Transport> given = std::move(transport_);
  detach();
  return given;
}

}  // namespace hyalite

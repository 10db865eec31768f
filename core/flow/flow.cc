// One client connection on its way and back: moves the bytes, runs the stages.
// SPDX-License-Identifier: MIT
#include "flow/flow.h"

#include <algorithm>

#include "flow/route.h"

namespace hyalite {

namespace {

// Rounds of one flow before others get their turn.
constexpr int kRounds = 16;
// Bytes that pass inside of the kernel in one round.
constexpr std::uint64_t kMostAtOnce = std::uint64_t{1} << 20;

// How often a client that is still being told something is looked after, at most.
constexpr Milliseconds kLookAgain = Seconds{1};

constexpr Ending kReset = Ending::reset;

std::unique_ptr<char[]> copy_of(Bytes bytes) {
  std::unique_ptr<char[]> copy(new char[bytes.size()]);
  bytes.copy(copy.get(), bytes.size());
  return copy;
}

}  // namespace

Flow::Flow(const FlowNeeds& needs, FlowPorts& ports, std::unique_ptr<Transport> client, std::unique_ptr<FlowFile> file)
    : needs_(needs), ports_(ports), file_(std::move(file)) {
  file_->subject.waker = this;
  client_.attach(std::move(client));
}

Flow::~Flow() = default;

void Flow::begin(std::unique_ptr<Stage> first) {
  if (!watch(Side::client)) return;
  enter(std::move(first));
  run();
}

void Flow::drain() {
  draining_ = true;
  if (closed() || closing_) return;
  act(stage_->on_drain(needs_.effects));
  run();
}

void Flow::end(CloseReason reason) {
  if (!closed()) close_now({reason, kReset, kReset});
}

// ---- events ----

void Flow::on_client_ready(Readiness ready) {
  client_.now_ready(ready);
  // A client that is gone while its answer is awaited, or while upstream takes no more, is read from by nobody: it has to be
  // asked. (One that only ended its side still listens. libevent shows an error as readable, without `closed`.)
  const bool perhaps_gone = ready.closed || ready.readable;
  // During a handshake the last words, an alert, may still be there to be read.
  const bool unheard = !client_.negotiating() && perhaps_gone && !closed() && !closing_;
  const bool unread = unheard && (upstream_.backed_up() || !stage_->wants(Side::client));
  if (unread && client_.failed()) {
    act(stage_->on_broken(Side::client, needs_.effects));
  }
  run();
}

void Flow::on_upstream_ready(Readiness ready) {
  upstream_.now_ready(ready);
  run();
}

void Flow::on_wake() {
  if (closed() || closing_) return;
  ++epoch_;
  if (connect_waits_ && file_->subject.pause(Lane::upstream).ready()) {
    const auto wanted = std::move(connect_waits_);
    connect_to(needs_.route.resumed_target(wanted->instead, *file_), *wanted);
  }
  if (!closed() && !closing_) act(stage_->on_resumed(needs_.effects));
  // First what upstream said, whatever the client has taken: behind a response that waited, it is no answer to what the client asks
  // next.
  if (!closed() && !closing_) take_now(Side::upstream);
  run();
}

void Flow::on_timer() {
  if (closed()) return;
  armed_.reset();
  const auto due = deadline();
  if (due && *due <= needs_.clock.now()) {
    if (closing_) return await_delivery();
    ++epoch_;
    if (reconnecting_ && file_->tls->reconnect_by <= needs_.clock.now()) {
      give_up_reconnecting();
    } else {
      act(stage_->on_deadline(needs_.effects));
    }
  }
  run();
}

void Flow::on_connect_failed(ConnectFailure failure) {
  if (closing_ || closed()) return;
  ++epoch_;
  act(stage_->on_connect_failed(failure, needs_.effects));
  run();
}

void Flow::on_connected(std::unique_ptr<Transport> upstream, Readiness ready) {
  upstream_.attach(std::move(upstream), ready);
  if (closing_ || closed()) return hang_up(Side::upstream, Ending::in_order);
  ++epoch_;
  unanswered_ = true;
  if (!watch(Side::upstream)) return;
  reconnecting_ = file_->tls && file_->tls->intercepted;
  if (reconnecting_) {
    file_->tls->reconnect_by = needs_.clock.now() + needs_.tls_handshake;
    secure_upstream();
  } else {
    act(stage_->on_connected(needs_.effects));
  }
  run();
}

// False: then it is over.
bool Flow::watch(Side side) {
  if (ports_.watch(side, *leg(side).transport())) return true;
  close_now({CloseReason::internal, kReset, kReset});
  return false;
}

void Flow::hang_up(Side side, Ending ending) {
  // In this order: with the socket its place in epoll goes, and the call that would take it out is over at once.
  leg(side).close(ending);
  ports_.forget(side);
}

void Flow::leave_upstream(Ending how) {
  hang_up(Side::upstream, how);
  upstream_answered();
  reconnecting_ = false;
}

void Flow::keep_upstream() {
  const Leg::Rest rest = upstream_.rest();
  ports_.keep(upstream_.release(), rest);
}

void Flow::upstream_answered() {
  if (std::exchange(unanswered_, false)) ports_.upstream_answered();
}

// ---- TLS ----

void Flow::secure(Side side) {
  if (!leg(side).all_sent()) return fail_to_secure(side, "bytes from before are still on their way");
  if (side == Side::upstream) return secure_upstream();
  order_ = needs_.tls.order_leaf(file_->tls->client_plan, callback<&Flow::on_leaf>(*this));
  if (order_->arrived() || !order_->failure().empty()) secure_client();
}

// Perhaps inside of the call that orders it.
void Flow::on_leaf() {
  if (!order_ || closed() || closing_) return;
  secure_client();
  run();
}

void Flow::secure_client() {
  const std::unique_ptr<LeafOrder> order = std::move(order_);
  if (!order->arrived()) {
    file_->tls->client.failure = order->forbidden() ? HandshakeFailure::forbidden : HandshakeFailure::no_leaf;
    return fail_to_secure(Side::client, order->failure());
  }
  auto over = [&](std::unique_ptr<Transport>& transport, Bytes first) {
    file_->tls->client = {};
    needs_.tls.over_client(transport, first, file_->tls->client_plan, *order, file_->tls->client);
  };
  const bool layered = client_.layer(Leg::Layer::of(over));
  // The certificate was needed for the leaf alone.
  file_->tls->client_plan.upstream = {};
  if (!layered) fail_to_secure(Side::client, "the certificate cannot be used");
}

void Flow::secure_upstream() {
  auto over = [&](std::unique_ptr<Transport>& transport, Bytes) {
    file_->tls->upstream = {};
    needs_.tls.over_upstream(transport, file_->tls->upstream_plan, file_->tls->upstream);
  };
  (void)upstream_.layer(Leg::Layer::of(over));
}

void Flow::fail_to_secure(Side side, std::string why) {
  TlsFacts& facts = side == Side::client ? file_->tls->client : file_->tls->upstream;
  if (facts.failure == HandshakeFailure::none) facts.failure = HandshakeFailure::unacceptable;
  facts.error = std::move(why);
  act(stage_->on_secured(side, needs_.effects));
}

// True when something moved.
bool Flow::negotiate(Side side) {
  Leg& negotiated = leg(side);
  if (closed() || closing_ || !negotiated.negotiating()) return false;
  const Moved::State state = negotiated.negotiate();
  if (state == Moved::State::later) return false;
  ++epoch_;
  if (side == Side::upstream) upstream_answered();
  on_negotiated(side);
  // Agreed, and gone before our last words reached it: nothing will be read there that could tell.
  const TlsFacts& facts = side == Side::client ? file_->tls->client : file_->tls->upstream;
  if (state == Moved::State::broken && facts.done && !closed() && !closing_) act(stage_->on_broken(side, needs_.effects));
  return true;
}

void Flow::on_negotiated(Side side) {
  if (side == Side::client || !reconnecting_) return act(stage_->on_secured(side, needs_.effects));
  reconnecting_ = false;
  const auto failure = failure_of_reconnect();
  if (!failure) return act(stage_->on_connected(needs_.effects));
  hang_up(Side::upstream, Ending::in_order);
  act(stage_->on_connect_failed(*failure, needs_.effects));
}

// It took the connection, and does not answer.
void Flow::give_up_reconnecting() {
  leave_upstream();
  act(stage_->on_connect_failed(ConnectFailure::timed_out, needs_.effects));
}

// A further connection is as good as the first one, or none: who it is was decided then.
std::optional<ConnectFailure> Flow::failure_of_reconnect() const {
  const TlsFacts& facts = file_->tls->upstream;
  if (!facts.done) return ConnectFailure::tls_failed;
  if (facts.defects.empty() || file_->tls->accepted == facts.certificate_digest) return std::nullopt;
  return ConnectFailure::untrusted;
}

// ---- moving bytes ----

void Flow::run() {
  for (int round = 0; round < kRounds && !closed(); ++round) {
    bool moved = flush(Side::client);
    moved |= flush(Side::upstream);
    moved |= negotiate(Side::upstream);
    moved |= negotiate(Side::client);
    if (closed()) return;
    if (closing_) {
      moved |= linger();
    } else {
      moved |= say_more(Side::client);
      if (!closing_ && !closed()) moved |= say_more(Side::upstream);
      if (!closing_ && !closed()) moved |= take_from(Side::client);
      if (!closing_ && !closed()) moved |= take_from(Side::upstream);
    }
    if (!moved) return rearm();
  }
  if (closed()) return;
  ports_.call_again();
  rearm();
}

// True when something moved.
bool Flow::flush(Side side) {
  Leg& flushed = leg(side);
  if (closed() || !flushed.backed_up()) return false;
  const std::uint64_t before = flushed.bytes_sent();
  // An upstream that is gone may have left an answer behind, which is read first. A client that is gone is gone.
  if (!flushed.flush() && side == Side::client) {
    if (closing_) {
      close_now({closing_->how.reason, kReset, kReset});
    } else {
      act(stage_->on_broken(side, needs_.effects));
    }
    return true;
  }
  const bool moved = flushed.bytes_sent() != before || !flushed.backed_up();
  if (moved && !flushed.lost() && !closing_) stage_->on_sent(side);
  return moved;
}

// Nothing is read that could not be passed on: so back-pressure reaches the sender.
bool Flow::take_from(Side side) { return !leg(other(side)).backed_up() && take_now(side); }

bool Flow::take_now(Side side) {
  Leg& from = leg(side);
  if (!from.attached() || !stage_->wants(side)) return false;
  if (from.has_unread() && offered_[index_of(side)] != epoch_) {
    if (offer(side, from.unread())) return true;
    if (closed() || closing_ || !stage_->wants(side)) return false;
  }
  if (!from.readable() || (from.drained() && !stage_->awaits_rest(side))) return false;
  if (!leg(other(side)).backed_up() && pass(side)) return true;
  if (!from.readable()) return false;
  const std::span<char> room = needs_.scratch.first(std::min(needs_.scratch.size(), stage_->reads_at_once(side)));
  const LegInput input = from.read(room, needs_.most_unread);
  if (input.grew) {
    if (side == Side::upstream) upstream_answered();
    return offer(side, input);
  }
  if (input.ended || input.broken) {
    ++epoch_;
    act(input.ended ? stage_->on_end(side, input.bytes, needs_.effects) : stage_->on_broken(side, needs_.effects));
    return true;
  }
  return false;
}

// Much that nobody wants to see is not read. False: what there is has to be.
bool Flow::pass(Side side) {
  const std::uint64_t most = needs_.pipes != nullptr ? stage_->passes_unseen(side) : 0;
  if (most == 0) return false;
  Leg& to = leg(other(side));
  const auto passed = to.draw_from(leg(side), *needs_.pipes, std::min(most, kMostAtOnce));
  if (to.lost() && side == Side::upstream) client_lost_ = true;
  if (!passed) return false;
  ++epoch_;
  act(stage_->on_passed(side, *passed, needs_.effects));
  return true;
}

bool Flow::offer(Side side, const LegInput& input) {
  const std::unique_ptr<char[]> copy = needs_.exact_input ? copy_of(input.bytes) : nullptr;
  Taken taken = stage_->on_bytes(side, copy ? Bytes(copy.get(), input.bytes.size()) : input.bytes, needs_.effects);
  const bool something = taken.bytes > 0 || !std::holds_alternative<Stay>(taken.outcome);
  // Where some was taken, the rest is worth another look.
  offered_[index_of(side)] = epoch_;
  if (something) ++epoch_;
  const auto* close = std::get_if<Close>(&taken.outcome);
  // In this order: what is sent may be part of the input, and the input dies when it is settled.
  send_out(close != nullptr && close->client != Ending::reset);
  leg(side).settle(input, taken.bytes);
  act(std::move(taken.outcome));
  return something || input.grew;
}

// Only what that side takes at once is asked for.
bool Flow::say_more(Side side) {
  const Leg& to = leg(side);
  if (!to.attached() || to.backed_up() || !stage_->has_more(side)) return false;
  ++epoch_;
  act(stage_->on_room(side, needs_.effects));
  if (side == Side::upstream || closed() || closing_ || !stage_->wants(Side::upstream)) return true;
  // Behind a response that left in pieces, too, what upstream said comes first (on_wake()).
  take_now(Side::upstream);
  return true;
}

// Everything was said; what the client still sends is thrown away, so that closing does not reset what it has not read
// yet (RFC 9112, section 9.6).
bool Flow::linger() {
  if (upstream_.attached() && upstream_.all_sent()) hang_up(Side::upstream, Ending::in_order);
  bool moved = false;
  if (client_.readable() && !client_.drained()) {
    const LegInput input = client_.read(needs_.scratch, needs_.most_unread);
    client_.settle(input, input.bytes.size());
    moved = input.grew || input.ended || input.broken;
  }
  if (client_.all_sent() && !client_.inbound_open() && !upstream_.attached()) {
    close_now(closing_->how);
  }
  return moved;
}

// Everything was said, and some time has passed. A slow client is waited for as long as some of what it was told arrives: a close
// would do, but for what it may still send, to which the kernel answers with a reset. One that is turned away has no such claim.
void Flow::await_delivery() {
  const Monotonic now = needs_.clock.now();
  const std::size_t left = client_.undelivered();
  const bool moved = left != closing_->left;
  if (moved && !is_turned_away()) closing_->patience_end = now + needs_.patience;
  if (!moved && (left == 0 || now >= closing_->patience_end)) {
    const Ending upstream = upstream_.all_sent() ? closing_->how.upstream : kReset;
    if (left > 0) return close_now({CloseReason::body_too_slow, kReset, kReset});
    return close_now({closing_->how.reason, closing_->how.client, upstream});
  }
  closing_->left = left;
  closing_->until = left == 0 ? now + needs_.linger : std::min(now + std::max(needs_.linger, kLookAgain), closing_->patience_end);
  run();
}

// ---- what the stage wants ----

void Flow::send_out(bool last_of_client) {
  Effects& effects = needs_.effects;
  for (Side side : {Side::client, Side::upstream}) {
    const bool last = last_of_client && side == Side::client;
    if (!effects.to(side).empty() && !leg(side).send(effects.to(side), last) && side == Side::client) client_lost_ = true;
    if (effects.ends(side)) leg(side).end();
  }
  effects.forget_sent();
}

void Flow::rewire() {
  Effects& effects = needs_.effects;
  const auto wanted = effects.connect_wanted();
  const bool secure_upstream = effects.secure_wanted(Side::upstream);
  const bool secure_client = effects.secure_wanted(Side::client);
  if (const auto how = effects.disconnect_wanted()) leave_upstream(*how);
  effects.clear();
  if (wanted) connect(*wanted);
  if (secure_upstream) secure(Side::upstream);
  if (secure_client) secure(Side::client);
}

void Flow::act(Outcome&& outcome) {
  send_out();
  rewire();
  if (client_lost_ && !closing_ && std::holds_alternative<Stay>(outcome)) outcome = stage_->on_broken(Side::client, needs_.effects);
  if (closed() || std::holds_alternative<Stay>(outcome)) return;
  if (const auto* how = std::get_if<Close>(&outcome)) return close(*how);
  if (closing_) return;
  enter(needs_.route.next(outcome, *file_));
}

void Flow::enter(std::unique_ptr<Stage> next) {
  stage_ = std::move(next);
  ++epoch_;
  // A connection under way was asked for by the stage before, in case that the server speaks first: this one may want another. And
  // one to where the flow does not go any more is nobody's.
  if (!upstream_.attached()) {
    ports_.stop_connecting();
    connect_waits_.reset();
  } else if (file_->subject.goes_elsewhere()) {
    leave_upstream();
  }
  // The stage before was told that a side ended; this one has not heard of it.
  client_.tell_end_again();
  upstream_.tell_end_again();
  const Stage* const entered = stage_.get();
  act(stage_->on_start(upstream_.attached(), needs_.effects));
  // A client that is only beginning when its worker is told to drain is served, and then told that this was it.
  if (draining_ && stage_.get() == entered && !closing_ && !closed()) act(stage_->on_drain(needs_.effects));
}

void Flow::connect(const Effects::Connect& wanted) {
  connect_waits_.reset();
  connect_to(needs_.route.target(wanted.instead, *file_), wanted);
}

void Flow::connect_to(const Target& target, const Effects::Connect& wanted) {
  if (target.answer == Answer::paused) {
    connect_waits_ = std::make_unique<Effects::Connect>(wanted);
    return;
  }
  if (target.answer == Answer::decided) return act(stage_->on_connect_failed(ConnectFailure::blocked, needs_.effects));
  file_->subject.goes_there();
  std::unique_ptr<Transport> kept = wanted.which == Which::any ? ports_.take_kept(target.spec) : nullptr;
  if (!kept) return ports_.connect(target.spec);
  upstream_.attach(std::move(kept), {.writable = true});
  ++epoch_;
  act(stage_->on_kept_connection(needs_.effects));
}

void Flow::close(const Close& how) {
  if (closing_ || how.client == kReset || leaves_nothing(how)) return close_now(how);
  ports_.stop_connecting();
  connect_waits_.reset();
  order_.reset();
  stage_->on_closing(how.reason);
  if (how.upstream == kReset) {
    hang_up(Side::upstream, kReset);
  } else if (how.upstream == Ending::kept) {
    keep_upstream();
  } else if (upstream_.ends_by_closing()) {
    hang_up(Side::upstream, Ending::in_order);
  } else {
    upstream_.end();
  }
  client_.end();
  const Monotonic now = needs_.clock.now();
  const Milliseconds patience = is_turned_away() ? needs_.linger : needs_.patience;
  closing_ = std::make_unique<Closing>(Closing{how, now + needs_.linger, client_.undelivered(), now + patience});
}

// Then closing the client's connection sends its FIN, and nothing that it did could reset what was sent.
bool Flow::leaves_nothing(const Close& how) const {
  const bool upstream_waits = how.upstream == Ending::in_order && upstream_.attached() && !upstream_.ends_by_closing();
  return how.client == Ending::agreed && client_.ends_by_closing() && client_.drained() && !client_.has_unread() && !upstream_waits;
}

void Flow::close_now(const Close& how) {
  if (how.upstream == Ending::kept && upstream_.attached()) keep_upstream();
  ports_.stop();
  connect_waits_.reset();
  order_.reset();
  closed_ = how;
  if (stage_) stage_->on_closing(how.reason);
  needs_.route.end(*file_, how.reason,
                   {client_.bytes_read(), client_.bytes_sent(), upstream_.bytes_sent(), upstream_.bytes_read()});
  // The client first: its last bytes may go with its end, and it waits for them.
  hang_up(Side::client, how.client);
  hang_up(Side::upstream, how.upstream);
  needs_.owner.on_closed(*this);
}

// ---- time ----

std::optional<Monotonic> Flow::deadline() const {
  if (closing_) return closing_->until;
  const auto of_stage = stage_->deadline();
  return reconnecting_ ? std::min(file_->tls->reconnect_by, of_stage.value_or(Monotonic::max())) : of_stage;
}

// A deadline that moved away is left to the alarm as it is: it finds out when it goes off, and the hot path saves a re-arming.
void Flow::rearm() {
  if (client_.takes_no_more() && !ports_.await_room(Side::client)) return close_now({CloseReason::internal, kReset, kReset});
  const auto due = deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  ports_.call_at(*due);
  armed_ = due;
}

}  // namespace hyalite

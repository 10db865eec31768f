// One client connection through a bench: what each side says, what each side gets.
// SPDX-License-Identifier: MIT
#include "harness/talk.h"

#include <utility>

#include "flow/route.h"
#include "harness/bench.h"

namespace hyalite {

namespace {

FlowFacts facts_of(Bench& bench, const TalkOptions& options, std::string_view listener) {
  FlowFacts facts;
  facts.id = bench.next_flow();
  facts.opened_at = bench.clock().wall_time();
  facts.client = ClientAddress{options.client.port != 0 ? options.client : *Address::parse("192.0.2.1:40000")};
  facts.destination = OriginalDestination{options.destination.port != 0 ? options.destination : *Address::parse("198.51.100.1:80")};
  facts.arrived_by = ArrivedBy::transparent;
  facts.listener = listener;
  return facts;
}

}  // namespace

Talk::Talk(Bench& bench, const TalkOptions& options)
    : bench_(bench),
      options_(options),
      listener_name_(bench.settings().listeners.at(options.listener).label()),
      may_connect_(!options.upstream_waits) {
  file_ = std::make_unique<FlowFile>(facts_of(bench, options, listener_name_), options.listener, ArrivalMode::transparent,
                                     bench.settings().limits.client_hello_bytes);
  file_->subject.waker = this;
  leg(Side::client).attached = true;
  leg(Side::client).sent.emplace_back();
  bench_.tally().opened(ArrivalMode::transparent);
  bench_.begin(*this);
  enter(bench_.route().begin(*file_));
  run();
  bench_.settle();
}

Talk::~Talk() {
  cut_off();
}

// ---- what the test does

bool Talk::say(Side from, Bytes bytes) {
  Leg& said = leg(from);
  if (closed_ || !said.attached || said.ends || said.breaks) return false;
  said.unread += bytes;
  if (from == Side::client) said_ += bytes;
  said.offered = 0;
  run();
  bench_.settle();
  return true;
}

bool Talk::end(Side from) {
  Leg& ended = leg(from);
  if (closed_ || !ended.attached || ended.ends || ended.breaks) return false;
  ended.ends = true;
  run();
  bench_.settle();
  return true;
}

bool Talk::break_off(Side from) {
  Leg& broken = leg(from);
  if (closed_ || !broken.attached || broken.breaks) return false;
  broken.breaks = true;
  // A client that is gone while its answer is awaited is noticed, though nobody reads from it.
  if (from == Side::client && !stage_->wants(from)) {
    broken.heard_end = true;
    act(stage_->on_broken(from, effects_));
  }
  run();
  bench_.settle();
  return true;
}

void Talk::let_connect() {
  may_connect_ = true;
  run();
  bench_.settle();
}

void Talk::cut_off() {
  if (!closed_) close({CloseReason::drained, Ending::reset, Ending::reset});
}

void Talk::drain() {
  if (closed_) return;
  act(stage_->on_drain(effects_));
  run();
}

void Talk::on_time() {
  const auto due = deadline();
  if (!due || *due > bench_.clock().now()) return;
  ++epoch_;
  act(stage_->on_deadline(effects_));
  run();
}

void Talk::on_wake() {
  if (closed_) return;
  ++epoch_;
  if (connect_waits_ && file_->subject.pause(Lane::upstream).ready()) {
    const Effects::Connect wanted = *std::exchange(connect_waits_, std::nullopt);
    connect_to(bench_.route().resumed_target(wanted.instead, *file_), wanted);
  }
  if (!closed_) act(stage_->on_resumed(effects_));
  // First what upstream said: behind a response that waited, it is no answer to what the client asks next.
  if (!closed_) take_from(Side::upstream);
  run();
}

// ---- moving bytes

void Talk::run() {
  while (!closed_ && go_on()) {
  }
}

// True when something moved.
bool Talk::go_on() {
  if (connecting_ && may_connect_) return on_connected(), true;
  if (securing_) {
    const Side side = *std::exchange(securing_, std::nullopt);
    ++epoch_;
    act(stage_->on_secured(side, effects_));
    return true;
  }
  if (stage_->has_more()) return act(stage_->on_room(effects_)), true;
  const bool moved = take_from(Side::client);
  return (!closed_ && take_from(Side::upstream)) || moved;
}

bool Talk::take_from(Side side) {
  Leg& from = leg(side);
  if (!from.attached || !stage_->wants(side)) return false;
  if (!from.unread.empty() && from.offered != epoch_) {
    if (offer(side)) return true;
    if (closed_ || !stage_->wants(side)) return false;
  }
  if (from.heard_end || !(from.ends || from.breaks)) return false;
  if (from.unread.size() > bench_.settings().limits.buffered_bytes_per_flow / 2) return false;
  from.heard_end = true;
  ++epoch_;
  act(from.breaks ? stage_->on_broken(side, effects_) : stage_->on_end(side, from.unread, effects_));
  return true;
}

bool Talk::offer(Side side) {
  Leg& from = leg(side);
  // As much as a flow would have read. A copy of exactly these bytes, so that a sanitizer sees every look beyond them.
  const std::size_t size = std::min(from.unread.size(), bench_.settings().limits.buffered_bytes_per_flow / 2);
  from.read = std::max(from.read, from.taken + size);
  const std::unique_ptr<char[]> lent(new char[size]);
  from.unread.copy(lent.get(), size);
  Taken taken = stage_->on_bytes(side, {lent.get(), size}, effects_);
  const bool something = taken.bytes > 0 || !std::holds_alternative<Stay>(taken.outcome);
  from.offered = epoch_;
  if (something) ++epoch_;
  send_out();
  from.unread.erase(0, taken.bytes);
  from.taken += taken.bytes;
  act(std::move(taken.outcome));
  return something;
}

// ---- what the stage wants

void Talk::send_out() {
  for (Side side : {Side::client, Side::upstream}) {
    Leg& to = leg(side);
    if (to.attached) {
      for (Bytes bytes : effects_.to(side)) to.sent.back() += bytes;
    }
    to.fin |= effects_.ends(side);
  }
  effects_.forget_sent();
}

void Talk::rewire() {
  const auto wanted = effects_.connect_wanted();
  const bool secures[2] = {effects_.secure_wanted(Side::client), effects_.secure_wanted(Side::upstream)};
  if (effects_.disconnect_wanted()) {
    leg(Side::upstream).attached = false;
    connecting_.reset();
  }
  effects_.clear();
  if (wanted) {
    connect_waits_.reset();
    connect_to(bench_.route().target(wanted->instead, *file_), *wanted);
  }
  for (Side side : {Side::upstream, Side::client}) {
    if (secures[index_of(side)]) secure(side);
  }
}

void Talk::act(Outcome outcome) {
  send_out();
  rewire();
  if (closed_ || std::holds_alternative<Stay>(outcome)) return;
  if (const auto* how = std::get_if<Close>(&outcome)) return close(*how);
  enter(bench_.route().next(outcome, *file_));
}

void Talk::enter(std::unique_ptr<Stage> next) {
  stage_ = std::move(next);
  ++epoch_;
  // The stage before was told that a side ended; this one has not heard of it.
  for (Leg& leg : legs_) leg.heard_end &= leg.breaks;
  const Stage* const entered = stage_.get();
  act(stage_->on_start(leg(Side::upstream).attached, effects_));
  if (bench_.drains() && stage_.get() == entered && !closed_) act(stage_->on_drain(effects_));
}

void Talk::connect_to(const Target& target, const Effects::Connect& wanted) {
  if (target.answer == Answer::paused) return void(connect_waits_ = wanted);
  if (target.answer == Answer::decided) return act(stage_->on_connect_failed(ConnectFailure::blocked, effects_));
  connecting_ = target.spec.remote;
}

// Or not, as the test says.
void Talk::on_connected() {
  connected_to_ = std::exchange(connecting_, std::nullopt);
  ++epoch_;
  if (options_.upstream_fails) return act(stage_->on_connect_failed(*options_.upstream_fails, effects_));
  Leg& upstream = leg(Side::upstream);
  const std::vector<std::string> before = std::move(upstream.sent);
  const std::uint64_t read = upstream.read;
  upstream = {};
  upstream.sent = before;
  upstream.sent.emplace_back();
  upstream.read = upstream.taken = read;
  upstream.attached = true;
  act(stage_->on_connected(effects_));
}

void Talk::secure(Side side) {
  TlsFile& tls = *file_->tls;
  if (side == Side::upstream) {
    end_upstream_handshake(options_.handshakes, tls.upstream_plan, tls.upstream);
  } else {
    // Its ClientHello was for us.
    Leg& client = leg(Side::client);
    client.taken += client.unread.size();
    client.unread.clear();
    end_client_handshake(options_.handshakes, tls.client_plan, tls.client);
    tls.client_plan.upstream = {};
  }
  securing_ = side;
}

void Talk::close(const Close& how) {
  closed_ = how;
  connect_waits_.reset();
  connecting_.reset();
  securing_.reset();
  if (stage_) stage_->on_closing(how.reason);
  const auto bytes_to = [&](Side side) { return static_cast<std::uint64_t>(sent(side).size()); };
  bench_.route().end(*file_, how.reason,
                     {leg(Side::client).read, bytes_to(Side::client), bytes_to(Side::upstream), leg(Side::upstream).read});
  bench_.tally().closed(how.reason);
  leg(Side::upstream).attached = false;
  bench_.end(*this);
}

// ---- what is seen

std::string Talk::sent(Side to) const {
  std::string all;
  for (const std::string& one : leg(to).sent) all += one;
  return all;
}

HeardMessages Talk::messages(Side to) const {
  if (to == Side::client) {
    const bool ended = closed_ && closed_->client == Ending::in_order;
    return read_responses(sent(to), said_, ended);
  }
  HeardMessages all;
  for (const std::string& one : leg(to).sent) {
    HeardMessages next = read_requests(one);
    std::move(next.whole.begin(), next.whole.end(), std::back_inserter(all.whole));
    all.begun |= next.begun;
    all.behind += next.behind;
  }
  return all;
}

}  // namespace hyalite

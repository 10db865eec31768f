// One flow through the world: what a client and an upstream say, and what each gets.
// SPDX-License-Identifier: MIT
#include "check/held_flow.h"

#include <utility>

namespace hyalite {

namespace {

constexpr Side kSides[] = {Side::client, Side::upstream};

FlowFacts facts_of(World& world, unsigned client) {
  FlowFacts facts;
  facts.id = world.next_flow();
  facts.opened_at = world.clock().wall_time();
  facts.client = ClientAddress{*Address::parse("192.0.2." + std::to_string(client % 250) + ":40000")};
  facts.destination = OriginalDestination{*Address::parse("198.51.100.7:80")};
  facts.arrived_by = ArrivedBy::transparent;
  facts.listener = "[::]:8080";
  return facts;
}

}  // namespace

HeldFlow::HeldFlow(World& world, unsigned client)
    : world_(world),
      file_(facts_of(world, client), 0, ArrivalMode::transparent, world.settings().limits.client_hello_bytes) {
  file_.subject.waker = this;
  enter(world_.route().begin(file_));
  settle();
}

HeldFlow::~HeldFlow() {
  cut();
}

void HeldFlow::say(Side side, Bytes bytes) {
  if (over() || ends_[index_of(side)] || (side == Side::upstream && !connected_)) return;
  unread_[index_of(side)] += bytes;
  read_[index_of(side)] += bytes.size();
  fresh_[index_of(side)] = true;
  settle();
}

void HeldFlow::end(Side side) {
  if (over() || (side == Side::upstream && !connected_)) return;
  ends_[index_of(side)] = true;
  settle();
}

void HeldFlow::breaks(Side side) {
  if (over() || (side == Side::upstream && !connected_)) return;
  act(stage_->on_broken(side, effects_));
  settle();
}

void HeldFlow::deadline() {
  if (over()) return;
  act(stage_->on_deadline(effects_));
  settle();
}

void HeldFlow::cut() {
  if (!over()) close({CloseReason::drained, Ending::reset, Ending::reset});
}

std::string HeldFlow::fate() const {
  if (!closed_) return "open in " + std::string(stage_->name()) + (connected_ ? ", connected" : "");
  return "closed (" + std::string(name_of(closed_->reason)) + ")" +
         (closed_->client == Ending::reset ? ", client reset" : "") +
         (closed_->upstream == Ending::reset ? ", upstream reset" : "");
}

// ---- as Flow does

void HeldFlow::on_wake() {
  if (over()) return;
  fresh_[0] = fresh_[1] = true;
  if (connect_waits_ && file_.subject.pause(Lane::upstream).ready()) wanted_ = std::exchange(connect_waits_, std::nullopt);
  if (wanted_) connect();
  if (!over()) act(stage_->on_resumed(effects_));
  if (!over()) offer(Side::upstream);
  run();
}

void HeldFlow::settle() {
  run();
  world_.settle();
  run();
}

void HeldFlow::run() {
  for (bool moved = true; moved && !over();) {
    moved = wanted_.has_value();
    if (wanted_) connect();
    for (const Side side : kSides) moved |= offer(side);
    for (const Side side : kSides) moved |= hear_end(side);
  }
}

bool HeldFlow::offer(Side side) {
  std::string& unread = unread_[index_of(side)];
  if (over() || unread.empty() || !fresh_[index_of(side)] || !stage_->wants(side)) return false;
  fresh_[index_of(side)] = false;
  // A copy of exactly these bytes, so that every look beyond them is a look at nothing.
  const std::unique_ptr<char[]> lent(new char[unread.size()]);
  unread.copy(lent.get(), unread.size());
  Taken taken = stage_->on_bytes(side, {lent.get(), unread.size()}, effects_);
  unread.erase(0, taken.bytes);
  const bool something = taken.bytes > 0 || !std::holds_alternative<Stay>(taken.outcome);
  act(std::move(taken.outcome));
  if (something) fresh_[0] = fresh_[1] = true;
  return something;
}

bool HeldFlow::hear_end(Side side) {
  if (over() || !ends_[index_of(side)] || heard_[index_of(side)] || fresh_[index_of(side)] || !stage_->wants(side)) return false;
  heard_[index_of(side)] = true;
  act(stage_->on_end(side, unread_[index_of(side)], effects_));
  return true;
}

void HeldFlow::connect() {
  const Effects::Connect wanted = *std::exchange(wanted_, std::nullopt);
  const bool again = file_.subject.pause(Lane::upstream).ready();
  const Target target = again ? world_.route().resumed_target(wanted.instead, file_) : world_.route().target(wanted.instead, file_);
  if (target.answer == Answer::paused) {
    connect_waits_ = wanted;
    return;
  }
  if (target.answer == Answer::decided) return act(stage_->on_connect_failed(ConnectFailure::blocked, effects_));
  connected_ = true;
  ends_[1] = heard_[1] = false;
  unread_[1].clear();
  act(stage_->on_connected(effects_));
}

void HeldFlow::act(Outcome outcome) {
  for (const Side side : kSides) {
    for (const Bytes bytes : effects_.to(side)) got_[index_of(side)] += bytes;
    told_end_[index_of(side)] |= effects_.ends(side);
  }
  const bool secures = effects_.secure_wanted(Side::client) || effects_.secure_wanted(Side::upstream);
  if (effects_.disconnect_wanted()) connected_ = false;
  if (effects_.connect_wanted()) wanted_ = effects_.connect_wanted();
  effects_.clear();
  // Nobody can shake hands here.
  if (secures && std::holds_alternative<Stay>(outcome)) outcome = Close{CloseReason::tls_upstream_failed, Ending::reset, Ending::reset};
  if (over() || std::holds_alternative<Stay>(outcome)) return;
  if (const auto* how = std::get_if<Close>(&outcome)) return close(*how);
  enter(world_.route().next(outcome, file_));
}

void HeldFlow::enter(std::unique_ptr<Stage> next) {
  stage_ = std::move(next);
  fresh_[0] = fresh_[1] = true;
  act(stage_->on_start(connected_, effects_));
}

void HeldFlow::close(const Close& how) {
  closed_ = how;
  wanted_.reset();
  connect_waits_.reset();
  stage_->on_closing(how.reason);
  world_.route().end(file_, how.reason, {read_[0], got_[0].size(), got_[1].size(), read_[1]});
  stage_.reset();
}

}  // namespace hyalite

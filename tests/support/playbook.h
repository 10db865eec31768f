// A conversation with a stage: what each side says, what the stage sends on, what it answers. No sockets.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "flow/stage.h"

namespace hyalite {

// Plays the flow's part: keeps what the stage did not take and offers it again, as Flow does.
class Playbook {
 public:
  explicit Playbook(std::unique_ptr<Stage> stage, bool upstream_connected = false) : stage_(std::move(stage)) {
    hear(stage_->on_start(upstream_connected, effects_));
    run();
  }

  Playbook& client(std::string_view bytes) { return say(Side::client, bytes); }
  Playbook& upstream(std::string_view bytes) { return say(Side::upstream, bytes); }
  // One byte after the other.
  Playbook& drips(Side side, std::string_view bytes) {
    for (char c : bytes) say(side, {&c, 1});
    return *this;
  }
  Playbook& ends(Side side) {
    run();
    if (going()) hear(stage_->on_end(side, unread_[index_of(side)], effects_));
    return *this;
  }
  // So many bytes of that side go on unseen.
  Playbook& passes(Side from, std::uint64_t bytes) { return hear(stage_->on_passed(from, bytes, effects_)); }
  Playbook& breaks(Side side) { return hear(stage_->on_broken(side, effects_)); }
  Playbook& connected() {
    connecting_ = false;
    hear(stage_->on_connected(effects_));
    return run();
  }
  // One that an earlier flow left.
  Playbook& found_kept() {
    connecting_ = false;
    hear(stage_->on_kept_connection(effects_));
    return run();
  }
  Playbook& connect_fails(ConnectFailure failure) {
    connecting_ = false;
    return hear(stage_->on_connect_failed(failure, effects_));
  }
  Playbook& deadline() { return hear(stage_->on_deadline(effects_)); }
  // A pause is ready. As Flow does, what upstream said is offered first.
  Playbook& resumed() {
    if (!going()) return *this;
    hear(stage_->on_resumed(effects_));
    offer(Side::upstream);
    return run();
  }
  // Do they take what a stage has to say of its own, or held until now?
  Playbook& client_takes(bool takes) { return takes_more(Side::client, takes); }
  Playbook& upstream_takes(bool takes) { return takes_more(Side::upstream, takes); }
  Playbook& drain() { return hear(stage_->on_drain(effects_)); }

  // What was sent to that side since it was asked last.
  std::string sent(Side side) { return std::exchange(sent_[index_of(side)], {}); }
  bool ended(Side side) const { return ended_[index_of(side)]; }
  // Does the stage want a connection that it has not got yet?
  bool connecting() const { return connecting_; }
  // Which one would do, when it asked last.
  Which wanted() const { return wanted_; }
  // How the stage left its upstream last, to connect anew or to do without.
  std::optional<Ending> disconnected() const { return disconnected_; }
  const std::string& unread(Side side) const { return unread_[index_of(side)]; }
  bool going() const { return std::holds_alternative<Stay>(outcome_); }
  // The first thing it said that was not Stay.
  const Outcome& outcome() const { return outcome_; }
  template <class T>
  const T* said() const {
    return std::get_if<T>(&outcome_);
  }
  Stage& stage() { return *stage_; }

 private:
  Playbook& say(Side side, std::string_view bytes) {
    unread_[index_of(side)] += bytes;
    fresh_[index_of(side)] = true;
    return run();
  }
  Playbook& run() {
    for (bool moved = true; moved && going();) {
      moved = false;
      for (Side side : {Side::client, Side::upstream}) moved |= say_more(side);
      for (Side side : {Side::client, Side::upstream}) moved |= offer(side);
    }
    return *this;
  }
  Playbook& takes_more(Side side, bool takes) {
    takes_[index_of(side)] = takes;
    return run();
  }
  // As Flow does: what upstream said before comes before what the client says next.
  bool say_more(Side side) {
    bool moved = false;
    for (; going() && takes_[index_of(side)] && stage_->has_more(side); moved = true) {
      hear(stage_->on_room(side, effects_));
      if (side == Side::client) offer(Side::upstream);
    }
    return moved;
  }
  bool offer(Side side) {
    std::string& unread = unread_[index_of(side)];
    if (!going() || unread.empty() || !fresh_[index_of(side)] || !stage_->wants(side)) return false;
    fresh_[index_of(side)] = false;
    // A copy of exactly these bytes, so that a sanitizer sees every look beyond them.
    const std::unique_ptr<char[]> lent(new char[unread.size()]);
    unread.copy(lent.get(), unread.size());
    const Taken taken = stage_->on_bytes(side, {lent.get(), unread.size()}, effects_);
    hear(taken.outcome);
    unread.erase(0, taken.bytes);
    if (taken.bytes > 0) fresh_[0] = fresh_[1] = true;
    return taken.bytes > 0;
  }
  Playbook& hear(Outcome outcome) {
    for (Side side : {Side::client, Side::upstream}) {
      for (Bytes bytes : effects_.to(side)) sent_[index_of(side)] += bytes;
      ended_[index_of(side)] |= effects_.ends(side);
    }
    if (effects_.connect_wanted()) connecting_ = true, wanted_ = effects_.connect_wanted()->which;
    if (const auto how = effects_.disconnect_wanted()) disconnected_ = how;
    effects_.clear();
    if (going()) outcome_ = std::move(outcome);
    fresh_[0] = fresh_[1] = true;
    return *this;
  }

  std::unique_ptr<Stage> stage_;
  Effects effects_;
  std::string unread_[2], sent_[2];
  bool fresh_[2] = {false, false};
  bool ended_[2] = {false, false};
  bool takes_[2] = {true, true};
  bool connecting_ = false;
  Which wanted_ = Which::fresh;
  std::optional<Ending> disconnected_;
  Outcome outcome_ = Stay{};
};

}  // namespace hyalite

// The connections that plugins open to services over TCP, played by a test.
// SPDX-License-Identifier: MIT
#include "harness/held_connections.h"

#include <algorithm>
#include <utility>

namespace hyalite {

HeldConnection::HeldConnection(Ref channel, const ServiceSettings& service, Channels& channels, const Clock& clock,
                               std::function<void(Ref)> on_change)
    : channel_(channel), service_(service), channels_(channels), clock_(clock), on_change_(std::move(on_change)), moved_(clock.now()) {}

// ---- what the service does

void HeldConnection::accept() {
  if (state_ != State::connecting) return;
  state_ = State::open;
  moved_ = clock_.now();
  channels_.opened(channel_);
  on_change_(channel_);
  move();
}

void HeldConnection::refuse() {
  if (state_ == State::connecting) finish(HYALITE_E_FAILED, "the service cannot be connected to: the test says so");
}

void HeldConnection::say(std::string_view text) {
  unsaid_ += text;
  on_wake();
}

void HeldConnection::end() {
  ended_ = true;
  on_wake();
}

void HeldConnection::break_off() {
  if (is_open()) finish(HYALITE_E_FAILED, "the connection broke: the test says so");
}

void HeldConnection::read(bool on) {
  reads_ = on;
  on_wake();
}

// ---- what passes

void HeldConnection::on_wake() {
  if (state_ == State::open) move();
}

void HeldConnection::move() {
  const auto pending = channels_.pending(channel_);
  if (reads_ && pending && (!pending->bytes.empty() || (pending->last && !plugin_ended_))) {
    heard_ += pending->bytes;
    plugin_ended_ = pending->last;
    channels_.sent(channel_, pending->bytes.size());
    moved_ = clock_.now();
    on_change_(channel_);
  }
  const std::size_t room = std::min(unsaid_.size(), channels_.room_for_arrivals(channel_));
  if (room > 0) {
    channels_.arrived(channel_, Bytes(unsaid_).substr(0, room));
    unsaid_.erase(0, room);
    moved_ = clock_.now();
  }
  if (ended_ && unsaid_.empty() && !std::exchange(end_told_, true)) channels_.arrivals_ended(channel_);
  if (end_told_ && plugin_ended_ && channels_.all_told(channel_)) finish(HYALITE_OK, {});
}

void HeldConnection::finish(hyalite_status status, std::string why) {
  state_ = State::over;
  channels_.finish(channel_, status, std::move(why));
}

std::optional<Monotonic> HeldConnection::deadline() const {
  if (state_ == State::over) return std::nullopt;
  return moved_ + (state_ == State::connecting ? service_.connect : service_.idle);
}

void HeldConnection::on_time() {
  finish(HYALITE_E_TIMED_OUT, state_ == State::connecting ? "the service could not be connected to in time"
                                                          : "the connection stood still for too long");
}

// ---- all of them

Waker* HeldConnections::connect(Ref channel, const ServiceSettings& service, Channels& channels) {
  const auto is_of = [&](const HeldConnection& one) { return one.is_open() && one.service() == service.name; };
  if (static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), is_of)) == service.connections) return nullptr;
  fresh_.push_back(channel);
  return &all_.emplace_back(channel, service, channels, clock_, [this](Ref ref) { changed_.push_back(ref); });
}

void HeldConnections::disconnect(Ref channel) {
  if (HeldConnection* connection = find(channel)) connection->forget();
}

HeldConnection* HeldConnections::find(Ref channel) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.channel() == channel; });
  return found == all_.end() ? nullptr : &*found;
}

bool HeldConnections::deliver() {
  const bool late = give_up_late();
  const auto fresh = std::exchange(fresh_, {});
  for (const Ref ref : fresh) {
    HeldConnection& connection = *find(ref);
    refusing_.count(connection.service()) > 0 ? connection.refuse() : connection.accept();
  }
  const auto changed = std::exchange(changed_, {});
  for (const Ref ref : changed) {
    HeldConnection& connection = *find(ref);
    const auto told = told_.find(connection.service());
    std::size_t& until = heard_until_[ref];
    const std::string news = connection.heard().substr(std::exchange(until, connection.heard().size()));
    if (told != told_.end()) told->second(connection, news);
  }
  return late || !fresh.empty() || !changed.empty();
}

bool HeldConnections::give_up_late() {
  bool any = false;
  for (HeldConnection& connection : all_) {
    const auto deadline = connection.deadline();
    if (!deadline || *deadline > clock_.now()) continue;
    connection.on_time();
    any = true;
  }
  return any;
}

std::optional<Monotonic> HeldConnections::next_deadline() const {
  std::optional<Monotonic> next;
  for (const HeldConnection& connection : all_) {
    const auto deadline = connection.deadline();
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

}  // namespace hyalite

// Bytes that plugins write over time, and hear over time.
// SPDX-License-Identifier: MIT
#include "plugin/channels.h"

#include <algorithm>

#include "plugin/abi.h"

namespace hyalite {

// ---- for the plugin

Ref Channels::add(InstanceHost& owner, Bytes beginning, hyalite_channel_told told, void* user, Waker* waker) {
  if (table_.full() || beginning.size() > most_bytes_) return 0;
  const Ref ref = table_.add({&owner, told, user, waker, {}});
  table_.find(ref)->held.append(beginning);
  return ref;
}

Ref Channels::connect(InstanceHost& owner, std::string_view service, hyalite_channel_told told, void* user) {
  if (table_.full()) return 0;
  const Ref ref = table_.add({&owner, told, user, nullptr, {}});
  Channel& channel = *table_.find(ref);
  channel.arrivals.emplace();
  channel.waker = outbound_->connect(ref, service, *this);
  if (channel.waker != nullptr) return ref;
  table_.take(ref);
  return 0;
}

Channels::Channel* Channels::find(const InstanceHost& owner, Ref ref) {
  Channel* channel = table_.find(ref);
  return channel == nullptr || channel->owner != &owner || channel->told_over ? nullptr : channel;
}

hyalite_status Channels::write(const InstanceHost& owner, Ref ref, Bytes bytes, bool last) {
  Channel* channel = find(owner, ref);
  if (channel == nullptr) return HYALITE_E_STALE;
  if (channel->last) return HYALITE_E_LATE;
  if (bytes.size() > most_bytes_ - channel->held.size()) {
    channel->wants_room = true;
    return HYALITE_E_LIMIT;
  }
  channel->held.append(bytes);
  channel->last = last;
  wake(ref);
  return HYALITE_OK;
}

hyalite_status Channels::receive(const InstanceHost& owner, Ref ref, bool on) {
  Channel* channel = find(owner, ref);
  if (channel == nullptr) return HYALITE_E_STALE;
  if (!channel->arrivals) return HYALITE_E_INVALID;
  channel->arrivals->wanted = on;
  owe_arrivals(ref, *channel);
  return HYALITE_OK;
}

bool Channels::end(const InstanceHost& owner, Ref ref, hyalite_status status) {
  Channel* channel = find(owner, ref);
  if (channel == nullptr) {
    // Cancelled, and whoever was to hear of it goes, too: it must not be woken any more.
    const Channel* cancelled = table_.find(ref);
    if (cancelled != nullptr && cancelled->owner == &owner && status != HYALITE_E_CANCELLED) (void)table_.take(ref);
    return false;
  }
  if (channel->arrivals) {
    finish(ref, status);
    outbound_->disconnect(ref);
    return true;
  }
  if (status != HYALITE_E_CANCELLED) return finish(ref, status), true;
  channel->told_over = true;
  // Whoever sends has still to hear of it.
  tell(ref, *channel, HYALITE_CHANNEL_OVER, status);
  wake(ref);
  return true;
}

void Channels::end_all(hyalite_status status) {
  for (const Ref ref : table_.all()) {
    const bool connection = table_.find(ref)->arrivals.has_value();
    finish(ref, status);
    if (connection) outbound_->disconnect(ref);
  }
}

// ---- for whoever sends

std::optional<Channels::Pending> Channels::pending(Ref ref) {
  const Channel* channel = table_.find(ref);
  if (channel == nullptr || channel->told_over) return std::nullopt;
  return Pending{channel->held.bytes(), channel->last};
}

void Channels::opened(Ref ref) {
  if (const Channel* channel = table_.find(ref)) tell(ref, *channel, HYALITE_CHANNEL_ROOM, HYALITE_OK);
}

void Channels::sent(Ref ref, std::size_t bytes) {
  Channel& channel = *table_.find(ref);
  channel.held.consume(bytes);
  if (!channel.wants_room || channel.held.size() > most_bytes_ / 2) return;
  channel.wants_room = false;
  tell(ref, channel, HYALITE_CHANNEL_ROOM, HYALITE_OK);
}

void Channels::finish(Ref ref, hyalite_status status, std::string why) {
  auto channel = table_.take(ref);
  if (!channel || channel->told_over) return;
  const bool by_plugin = status == HYALITE_E_CANCELLED || status == HYALITE_E_ENDED || status == HYALITE_E_STOPPED;
  if (channel->arrivals && !by_plugin) tell_the_rest(ref, *channel);
  tell(ref, *channel, HYALITE_CHANNEL_OVER, status, std::move(why));
}

// ---- for whoever receives

std::size_t Channels::room_for_arrivals(Ref ref) {
  const Channel* channel = table_.find(ref);
  return channel == nullptr ? 0 : most_bytes_ - channel->arrivals->held.size();
}

void Channels::arrived(Ref ref, Bytes bytes) {
  Channel& channel = *table_.find(ref);
  channel.arrivals->held.append(bytes);
  owe_arrivals(ref, channel);
}

void Channels::arrivals_ended(Ref ref) {
  Channel& channel = *table_.find(ref);
  channel.arrivals->end = ChannelArrivals::End::came;
  owe_arrivals(ref, channel);
}

bool Channels::all_told(Ref ref) {
  const Channel* channel = table_.find(ref);
  return channel == nullptr || (channel->arrivals->held.empty() && channel->arrivals->end == ChannelArrivals::End::told);
}

// ---- telling: one thing in each call

hyalite_channel_event Channels::event_of(const Channel& channel, std::uint32_t kind) const {
  hyalite_channel_event event{};
  event.size = sizeof event;
  event.kind = kind;
  event.room = channel.last ? 0 : most_bytes_ - channel.held.size();
  return event;
}

void Channels::tell(Ref ref, const Channel& channel, std::uint32_t kind, hyalite_status status, std::string why) {
  hyalite_channel_event event = event_of(channel, kind);
  event.status = status;
  errands_.add(owed(*channel.owner, Hook::channel,
                    [told = channel.told, user = channel.user, ref, event, reason = std::move(why)](void* instance) mutable {
                      event.why = abi(reason);
                      told(instance, ref, user, &event);
                    }));
}

void Channels::owe_arrivals(Ref ref, Channel& channel) {
  ChannelArrivals& arrivals = *channel.arrivals;
  if (!arrivals.wanted || arrivals.owed || !arrivals.something_to_tell()) return;
  arrivals.owed = true;
  errands_.add(owed(*channel.owner, Hook::channel, [this, ref](void* instance) { tell_arrivals(instance, ref); }));
}

void Channels::tell_arrivals(void* instance, Ref ref) {
  Channel* channel = table_.find(ref);
  if (channel == nullptr) return;
  ChannelArrivals& arrivals = *channel->arrivals;
  arrivals.owed = false;
  // It changed its mind meanwhile.
  if (!arrivals.wanted) return;
  const Buffer heard = std::exchange(arrivals.held, {});
  hyalite_channel_event event = event_of(*channel, heard.empty() ? HYALITE_CHANNEL_END : HYALITE_CHANNEL_DATA);
  event.bytes = abi(heard.bytes());
  if (heard.empty()) arrivals.end = ChannelArrivals::End::told;
  // Before the plugin is called, which may end all this.
  owe_arrivals(ref, *channel);
  wake(ref);
  errands_.ring();
  channel->told(instance, ref, channel->user, &event);
}

// It is over before it could be told.
void Channels::tell_the_rest(Ref ref, Channel& channel) {
  ChannelArrivals& arrivals = *channel.arrivals;
  if (!arrivals.held.empty()) {
    errands_.add(owed(*channel.owner, Hook::channel,
                      [told = channel.told, user = channel.user, ref, event = event_of(channel, HYALITE_CHANNEL_DATA),
                       heard = std::move(arrivals.held)](void* instance) mutable {
                        event.bytes = abi(heard.bytes());
                        told(instance, ref, user, &event);
                      }));
  }
  if (arrivals.end == ChannelArrivals::End::came) tell(ref, channel, HYALITE_CHANNEL_END, HYALITE_OK);
}

// ---- waking

void Channels::wake(Ref ref) {
  if (to_wake_.empty() || to_wake_.back() != ref) to_wake_.push_back(ref);
}

void Channels::deliver() {
  for (const Ref ref : std::exchange(to_wake_, {})) {
    // Whoever is woken may end others: each is looked up when its turn has come.
    if (const Channel* channel = table_.find(ref); channel != nullptr && channel->waker != nullptr) channel->waker->on_wake();
  }
}

}  // namespace hyalite

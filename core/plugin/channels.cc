// Answers that plugins write over time.
// SPDX-License-Identifier: MIT
#include "plugin/channels.h"

#include <algorithm>

namespace hyalite {

Ref Channels::add(InstanceHost& owner, Bytes beginning, hyalite_channel_told told, void* user, Waker* waker) {
  if (table_.full() || beginning.size() > most_bytes_) return 0;
  const Ref ref = table_.add({&owner, told, user, waker, {}});
  table_.find(ref)->held.append(beginning);
  return ref;
}

hyalite_status Channels::write(const InstanceHost& owner, Ref ref, Bytes bytes, bool last) {
  Channel* channel = table_.find(ref);
  if (channel == nullptr || channel->owner != &owner || channel->told_over) return HYALITE_E_STALE;
  if (channel->last) return HYALITE_E_LATE;
  if (bytes.size() > most_bytes_ - channel->held.size()) {
    channel->wants_room = true;
    return HYALITE_E_LIMIT;
  }
  channel->held.append(bytes);
  channel->last = last;
  if (written_.empty() || written_.back() != ref) written_.push_back(ref);
  return HYALITE_OK;
}

bool Channels::end(const InstanceHost& owner, Ref ref, hyalite_status status) {
  Channel* channel = table_.find(ref);
  if (channel == nullptr || channel->owner != &owner) return false;
  if (status != HYALITE_E_CANCELLED) return finish(ref, status), true;
  if (std::exchange(channel->told_over, true)) return false;
  // Whoever sends has still to hear of it.
  tell(ref, *channel, HYALITE_CHANNEL_OVER, status);
  written_.push_back(ref);
  return true;
}

void Channels::end_all(hyalite_status status) {
  for (const Ref ref : table_.all()) finish(ref, status);
}

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

void Channels::finish(Ref ref, hyalite_status status) {
  const auto channel = table_.take(ref);
  if (channel && !channel->told_over) tell(ref, *channel, HYALITE_CHANNEL_OVER, status);
}

void Channels::tell(Ref ref, const Channel& channel, std::uint32_t kind, hyalite_status status) {
  hyalite_channel_event event{};
  event.size = sizeof event;
  event.kind = kind;
  event.status = status;
  event.room = most_bytes_ - channel.held.size();
  errands_.add(owed(*channel.owner, Hook::channel, [told = channel.told, user = channel.user, ref, event](void* instance) {
    told(instance, ref, user, &event);
  }));
}

void Channels::deliver() {
  for (const Ref ref : std::exchange(written_, {})) {
    // Whoever is woken may end others: each is looked up when its turn has come.
    if (const Channel* channel = table_.find(ref); channel != nullptr && channel->waker != nullptr) channel->waker->on_wake();
  }
}

}  // namespace hyalite

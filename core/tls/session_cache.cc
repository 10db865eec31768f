// Sessions of upstreams that can be resumed.
// SPDX-License-Identifier: MIT
#include "tls/session_cache.h"

#include <algorithm>

namespace hyalite {

namespace {

// A server sends two tickets usually: one is used, one waits. More would crowd out other servers.
constexpr std::size_t kMostPerKey = 4;

std::size_t ticket_bytes(const SSL_SESSION* session) {
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &size);
  return size;
}

}  // namespace

void SessionCache::keep(std::string_view key, Kept kept) {
  if (most_ == 0 || kept.verdict.chain_bytes + ticket_bytes(kept.session.get()) > kMostSessionBytes) return;
  std::vector<Place>& places = by_key_[std::string(key)];
  if (places.size() >= kMostPerKey) {
    order_.erase(places.front());
    places.erase(places.begin());
  }
  order_.push_front({std::string(key), std::move(kept)});
  places.push_back(order_.begin());
  if (order_.size() > most_) forget(std::prev(order_.end()));
}

SessionCache::Kept SessionCache::take(std::string_view key, WallTime now) {
  const auto found = by_key_.find(std::string(key));
  while (found != by_key_.end()) {
    const Place newest = found->second.back();
    Kept kept = std::move(newest->kept);
    const bool last = found->second.size() == 1;
    forget(newest);
    if (now < kept.verdict.until) return kept;
    if (last) break;
  }
  return {};
}

void SessionCache::forget(Place place) {
  const auto found = by_key_.find(place->key);
  std::erase(found->second, place);
  if (found->second.empty()) by_key_.erase(found);
  order_.erase(place);
}

}  // namespace hyalite

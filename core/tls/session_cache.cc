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

// A certificate's numbers, names and extensions become objects of their own.
constexpr std::size_t kGrowsBy = 7;

}  // namespace

void SessionCache::keep(std::string_view key, Kept kept) {
  const std::size_t chain = kept.verdict.chain_bytes, ticket = ticket_bytes(kept.session.get());
  if (most_ == 0 || chain + ticket > kMostSessionBytes) return;
  const std::size_t weight = (kGrowsBy * chain + ticket) / kUsualSessionBytes + 1;
  if (const auto found = by_key_.find(std::string(key)); found != by_key_.end() && found->second.size() >= kMostPerKey) {
    forget(found->second.front());
  }
  order_.push_front({std::string(key), std::move(kept), weight});
  by_key_[order_.front().key].push_back(order_.begin());
  weight_ += weight;
  while (weight_ > most_) forget(std::prev(order_.end()));
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
  weight_ -= place->weight;
  const auto found = by_key_.find(place->key);
  std::erase(found->second, place);
  if (found->second.empty()) by_key_.erase(found);
  order_.erase(place);
}

}  // namespace hyalite

// Leaves made lately.
// SPDX-License-Identifier: MIT
#include "tls/leaf_cache.h"

#include <iterator>
#include <utility>

#include "tls/dates.h"

namespace hyalite {

const Leaf* LeafCache::find(std::string_view key, WallTime now) {
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  const Entries::iterator entry = place->second;
  if (now >= entry->renew || now < entry->minted - kBackdated) {
    drop(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return &entry->leaf;
}

// A tenth of its time before its end: nobody gets a leaf that expires while it is looked at. One
// that is at its end already (a mirrored defect) is kept for a while all the same.
void LeafCache::put(std::string key, Leaf leaf, WallTime now) {
  if (const auto place = places_.find(key); place != places_.end()) drop(place->second);
  const WallTime renew =
      leaf.not_after > now ? leaf.not_after - (leaf.not_after - now) / 10 : now + kBackdated;
  entries_.push_front({std::move(key), std::move(leaf), now, renew});
  places_.emplace(entries_.front().key, entries_.begin());
  if (entries_.size() > most_) drop(std::prev(entries_.end()));
}

void LeafCache::drop(Entries::iterator entry) {
  places_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace hyalite

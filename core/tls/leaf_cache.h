// Leaves made lately.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "tls/leaf_source.h"

namespace hyalite {

// So many leaves; the one that was not asked for longest goes first. What is close to its end, or
// was minted in a future that a clock set back has taken away, is not given out any more.
class LeafCache {
 public:
  explicit LeafCache(std::size_t most) : most_(most) {}

  // Valid until the next put(); null when there is none that is good now.
  const Leaf* find(std::string_view key, WallTime now);
  void put(std::string key, Leaf leaf, WallTime now);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    Leaf leaf;
    WallTime minted, renew;
  };
  using Entries = std::list<Entry>;  // the latest asked for first

  void drop(Entries::iterator entry);

  const std::size_t most_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> places_;  // the keys are the entries'
};

}  // namespace hyalite

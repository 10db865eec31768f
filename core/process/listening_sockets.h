// The sockets on which clients arrive: opened by the master on request, kept for its life.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "settings/settings.h"

namespace hyalite {

// One group per address as it was asked for: a socket per worker slot, sharing the address's connections (SO_REUSEPORT).
// What waits in a socket is lost when it is closed; so a group only grows, while any generation asks for its address.
class ListeningSockets {
 public:
  static constexpr std::size_t kMostSlots = 1'023;
  static constexpr std::size_t kMostAddresses = 64;

  struct Group {
    Address asked;  // port 0: any
    Address bound;
    bool transparent = false;
    std::vector<Fd> slots;
  };

  // The group with at least `slots` sockets, opened as far as it lacks them. With Transparent::automatic, not transparent where that
  // is not allowed. The errors are the operator's, with a remedy; what was there before stays.
  Result<const Group*> provide(const Address& address, Transparent transparent, std::size_t slots);
  // Closes all groups but these: no generation that accepts has asked for them.
  void keep_only(const std::set<Address>& asked);
  void close_all() { groups_.clear(); }

  const std::vector<Group>& groups() const { return groups_; }
  // What an earlier image of this process kept.
  void restore(Group group) { groups_.push_back(std::move(group)); }
  // "[::]:8080 0.0.0.0:8081"
  std::string text() const;

 private:
  Group* find(const Address& asked);
  std::vector<Group> groups_;
};

}  // namespace hyalite

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

// One group per address as it was asked for: a socket per worker slot, sharing the address's
// connections (SO_REUSEPORT). What waits in a socket is lost when it is closed; so a group never
// shrinks while its address is served.
class ListeningSockets {
 public:
  static constexpr std::size_t kMostSlots = 1'023;
  static constexpr std::size_t kMostAddresses = 64;

  struct Group {
    Address asked;  // port 0: any
    Address bound;
    bool transparent = false;
    std::vector<Fd> slots;
    std::size_t settled = 0;  // so many of them are served
  };

  // The group with at least `slots` sockets, opened as far as it lacks them. With
  // Transparent::automatic, not transparent where that is not allowed. The errors are the
  // operator's, with a remedy; what was there before stays.
  Result<const Group*> provide(const Address& address, Transparent transparent, std::size_t slots);
  // A generation serves all that it asked for: the groups of these addresses. Closes the others,
  // for which nobody asks any more.
  void settle(const std::set<Address>& asked);
  // A generation did not come to serve: closes what was opened for it since settle(), as nobody
  // accepts there.
  void go_back();
  void close_all() { groups_.clear(); }

  const std::vector<Group>& groups() const { return groups_; }
  // What an earlier image of this process kept; settled.
  void restore(Group group);
  // "[::]:8080 0.0.0.0:8081"
  std::string text() const;

 private:
  Group* find(const Address& asked);
  std::vector<Group> groups_;
};

}  // namespace hyalite

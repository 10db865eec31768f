// Is this address one of this machine?
// SPDX-License-Identifier: MIT
#pragma once

#include <list>
#include <unordered_map>

#include "base/address.h"
#include "base/clock.h"

namespace hyalite {

// Asks the kernel by binding (which knows all of 127.0.0.0/8 and follows the real routing table
// `local`, whatever `local default` routes interception added) and remembers the answer for some
// seconds. Needs no privilege.
class LocalAddresses {
 public:
  explicit LocalAddresses(const Clock& clock, std::size_t most_remembered = 4096,
                          Seconds remember = Seconds{5});

  // false for 0.0.0.0, ::, 255.255.255.255 and multicast (a subnet's broadcast address is not told
  // apart). True for link-local IPv6: such packets are never routed through us.
  bool contains(const IpAddress& ip);

 private:
  struct Answer {
    IpAddress ip;
    bool local;
    Monotonic until;
  };

  const Clock& clock_;
  std::size_t most_;
  Seconds remember_;
  std::list<Answer> answers_;  // the oldest first
  std::unordered_map<IpAddress, std::list<Answer>::iterator, AddressHash> by_ip_;
};

}  // namespace hyalite

// Where was the client really going?
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/address.h"
#include "net/local_addresses.h"
#include "net/loop_table.h"

namespace hyalite {

// How a connection reached us; told apart per connection.
enum class ArrivalMode {
  transparent,  // TPROXY or policy routing: the socket itself has the destination's address
  redirect,     // NAT REDIRECT: conntrack remembers it
  fixed,        // the listener's settings name it
};

struct Arrival {
  OriginalDestination destination;
  ArrivalMode mode;
};

// Why a connection is not served.
enum class ArrivalRefusal {
  direct_hit,        // the client connected to the proxy itself
  loop_to_listener,  // the destination is a listener of ours
  loop_of_ours,      // the client is one of our own upstream connections
};
const char* name(ArrivalRefusal refusal);  // "direct_hit"...: for logs and counters
const char* name(ArrivalMode mode);

// Decides for every accepted connection, before anything else happens to it.
class Arrivals {
 public:
  // `listener_ports`: of all listeners of this generation. Both others are lent for this object's
  // life.
  // `named`: destinations that were made addresses of this machine so that connections to them
  // arrive here (listeners[].anyip); whoever connects to them means them, not the proxy.
  Arrivals(std::vector<std::uint16_t> listener_ports, LocalAddresses& local, const LoopTable& ours,
           std::vector<Network> named = {});

  // The original destination is what getsockname() says, unless that is a local address with a
  // listener's own port; only then conntrack is asked. No answer, the same address, or the client's
  // own address = a direct hit.
  std::variant<Arrival, ArrivalRefusal> judge(int fd, const ClientAddress& client);
  // For a listener whose settings name the destination.
  std::variant<Arrival, ArrivalRefusal> judge_fixed(const OriginalDestination& destination,
                                                    const ClientAddress& client);

 private:
  bool is_listener(const Address& address);
  std::variant<Arrival, ArrivalRefusal> check_loop(const Arrival& arrival,
                                                   const ClientAddress& client) const;

  std::vector<std::uint16_t> ports_;
  LocalAddresses& local_;
  const LoopTable& ours_;
  std::vector<Network> named_;
};

}  // namespace hyalite

// Which routes doctor asks the kernel for.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "doctor/facts.h"
#include "doctor/reading.h"
#include "settings/settings.h"

namespace hyalite {

struct Hint {
  std::vector<IpAddress> clients;  // that doctor is asked about; empty: those that are there
  std::vector<IpAddress> origins;  // likewise; empty: documentation addresses
};

// Unanswered. Per client interface and family: a connection of an address of its network and of
// neighbors that were seen there, so that a client with a way of its own is found.
std::vector<ProbeFact> questions(const Settings& settings,
                                 const std::vector<AddressFact>& addresses,
                                 const std::vector<NeighborFact>& neighbors, const Hint& hint);

}  // namespace hyalite

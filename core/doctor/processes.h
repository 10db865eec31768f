// The service's processes, and who owns this network.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "doctor/facts.h"
#include "settings/settings.h"

namespace hyalite {

// Those of this program that serve in the network that this process is in; of some it cannot be
// seen, those are taken to be.
Seen<std::vector<ProcessFact>> service_processes();

// Is the user namespace of this process the one that owns its network namespace, or one above?
// Capabilities count only there (user_namespaces(7)).
bool owns_this_network();

// What the running service counts; nothing when it does not answer.
Seen<Counters> service_counters(const AdminSettings& admin);

}  // namespace hyalite

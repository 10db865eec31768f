// Links, addresses and routes between the lab's hosts.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "lab/lab.h"

namespace hyalite {

// What /etc/hosts says in the lab.
std::string lab_hosts_file();

// Makes the three hosts' networks and connects them; the gateway is the router between the two
// others. With LabFault::mtu_1280 another router stands between gateway and origin. Leaves this
// process in the gateway's.
Result<void> build_network(const LabOptions& options);

}  // namespace hyalite

// A synthetic connection through the machine's real rules.
// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/report.h"
#include "settings/settings.h"

namespace hyalite {

// As root. A client and an origin in network namespaces of their own, each at the end of a veth.
// What the client sends arrives on the first client interface as if it had come over the wire, and
// what this machine sends to the two is caught where it would leave: no packet of the trial reaches
// the network. For that, while it runs, there are on this machine: two veths, two host routes and
// neighbors (documentation addresses: RFC 5737, RFC 3849), and a tc filter on each interface. A
// process of its own removes them, whatever becomes of this one.
TrialAnswer try_live(const Settings& settings);

}  // namespace hyalite

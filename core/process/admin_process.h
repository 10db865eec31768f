// Shows the service to people and takes their commands.
// SPDX-License-Identifier: MIT
//
// It has no privileges and cannot stop any traffic.
#pragma once

#include "base/log.h"

namespace hyalite {

// Its whole life, in a process made by start_child(); the answer is its exit status. Opens its
// sockets, gives up every privilege, and serves once the master says so, until another one has
// taken its place.
int run_admin(Log& log);

}  // namespace hyalite

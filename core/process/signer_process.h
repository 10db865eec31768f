// The process that holds the CA's key.
// SPDX-License-Identifier: MIT
//
//   generation ── starts it first of all, before any plugin and before it gives up its privileges
//      └─ signer            reads the settings and the key, gives up every privilege and the
//      network,
//          │                then only watches over
//          └─ signing       a fork of it, that answers the workers: what they ask is the only
//                           thing here that comes from the network, and only as names
//
// Whoever dies of what it was asked is forked again at once, without reading the key again. The
// workers' sockets stay: what waits in them is answered by the next one. It lives as long as
// anybody might ask, which is longer than the generation when workers still drain.
#pragma once

#include "base/log.h"

namespace hyalite {

// Its whole life, in a process made by start_child(); the answer is its exit status.
int run_signer(Log& log);

}  // namespace hyalite

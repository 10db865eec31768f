// Opens the sockets on which clients arrive.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

struct ListenSpec {
  Address address;           // [::]:port serves IPv4 too
  bool transparent = false;  // for TPROXY and policy routing
  bool reuse_port = false;   // one of several sockets on this address that share its connections
  int backlog = 4096;        // the kernel's net.core.somaxconn caps it
};

// A listening, non-blocking, close-on-exec socket. Where the machine has no IPv6, [::] becomes
// 0.0.0.0. The errors name the remedy: they are for the operator.
Result<Fd> open_listening_socket(const ListenSpec& spec);

// What a socket really listens on: its port when the spec said 0.
Result<Address> listening_address(int fd);

}  // namespace hyalite

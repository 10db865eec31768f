// What is wrong with an upstream's certificate: every defect, and a sentence for a person.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/address.h"
#include "base/clock.h"
#include "tls/facts.h"
#include "tls/handle.h"

namespace hyalite {

// Before the handshake: whose certificate it must be, and which time it is. An empty name: it is not known whom the client
// means, so names are not compared, and the client does that by itself with the names that are mirrored.
void expect_peer(SSL* connection, const std::string& name, WallTime now);

// The library's callback: notes each defect in the facts of the connection's transport and lets the handshake go on.
int on_verify(int good, X509_STORE_CTX* context);

// The earliest end of all certificates that the peer showed.
WallTime earliest_end(SSL* connection);
// The size of all of them, in DER.
std::size_t chain_bytes(SSL* connection);

}  // namespace hyalite

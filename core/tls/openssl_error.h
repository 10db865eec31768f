// What OpenSSL says went wrong, in words, and which one it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace hyalite {

// Empties this thread's queue of errors: "what: the first error's reason". The first is the cause,
// the others are what followed from it.
Error openssl_error(Fault fault, std::string what);

// Empties this thread's queue of errors, as is due before each call whose failure SSL_get_error() shall explain. Mostly it is empty, and
// ERR_clear_error() clears all its places one by one.
void forget_openssl_errors();

// "OpenSSL 3.0.17 1 Jul 2025": the library that this program has loaded.
std::string openssl_version();

}  // namespace hyalite

// What OpenSSL says went wrong, in words.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace hyalite {

// Empties this thread's queue of errors: "what: the first error's reason". The first is the cause,
// the others are what followed from it.
Error openssl_error(Fault fault, std::string what);

}  // namespace hyalite

// What OpenSSL says went wrong, in words.
// SPDX-License-Identifier: MIT
#include "tls/openssl_error.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <utility>

namespace hyalite {

Error openssl_error(Fault fault, std::string what) {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* reason = first == 0 ? nullptr : ERR_reason_error_string(first);
  if (reason != nullptr) what += std::string(": ") + reason;
  return Error{fault, std::move(what)};
}

void forget_openssl_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

std::string openssl_version() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace hyalite

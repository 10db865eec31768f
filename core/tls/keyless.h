// Reads certificates without looking at their keys.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/provider.h>

#include <string_view>

#include "tls/handle.h"

namespace hyalite {

// Reading a certificate, OpenSSL looks for whoever could decode its key, which takes longer than all the rest. Here nobody
// can: whoever knows the key puts it in afterwards (X509_set_pubkey), or does not need it. Outlives what it reads.
class KeylessReader {
 public:
  KeylessReader();

  // All of `der` is one certificate; null otherwise.
  Certificate read(std::string_view der) const;

 private:
  Owned<OSSL_LIB_CTX, OSSL_LIB_CTX_free> library_;
  Owned<OSSL_PROVIDER, OSSL_PROVIDER_unload> nobody_;  // the provider of nothing, in it
};

}  // namespace hyalite

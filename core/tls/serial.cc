// Serial numbers of certificates.
// SPDX-License-Identifier: MIT
#include "tls/serial.h"

#include <openssl/rand.h>

namespace hyalite {

bool set_random_serial(ASN1_INTEGER* serial) {
  unsigned char bytes[16];
  // A magnitude: a first octet of zero would be encoded as it stands, and is not DER.
  do {
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) return false;
  } while (bytes[0] == 0);
  return ASN1_STRING_set(serial, bytes, sizeof(bytes)) == 1;
}

}  // namespace hyalite

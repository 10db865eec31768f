// Serial numbers of certificates.
// SPDX-License-Identifier: MIT
#include "tls/serial.h"

#include <openssl/rand.h>

namespace hyalite {

std::optional<Serial> draw_serial() {
  Serial serial;
  do {
    if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return std::nullopt;
  } while (serial[0] == 0);
  return serial;
}

bool set_random_serial(ASN1_INTEGER* serial) {
  const auto drawn = draw_serial();
  return drawn && ASN1_STRING_set(serial, drawn->data(), static_cast<int>(drawn->size())) == 1;
}

}  // namespace hyalite

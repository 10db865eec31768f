// Serial numbers of certificates.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/asn1.h>

namespace hyalite {

// 128 random bits (RFC 5280, section 4.1.2.2: positive, at most 20 octets). False: no randomness.
bool set_random_serial(ASN1_INTEGER* serial);

}  // namespace hyalite

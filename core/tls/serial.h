// Serial numbers of certificates.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/asn1.h>

#include <array>
#include <optional>

namespace hyalite {

// 128 random bits (RFC 5280, section 4.1.2.2: positive, at most 20 octets), the highest octet first and not zero: as a
// magnitude it has no superfluous octet. Nothing: no randomness.
using Serial = std::array<unsigned char, 16>;
std::optional<Serial> draw_serial();
// False: no randomness.
bool set_random_serial(ASN1_INTEGER* serial);

}  // namespace hyalite

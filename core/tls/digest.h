// Digests, by algorithms that are looked up once: OpenSSL's own short ways look them up each time, which takes longer than
// digesting a certificate.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "tls/peer_certificate.h"

namespace hyalite {

// Belong to the process, like the library itself.
const EVP_MD* sha256_algorithm();
const EVP_MD* sha1_algorithm();
const EVP_MD* md5_algorithm();

Digest256 sha256_of(std::string_view bytes);
std::array<unsigned char, 20> sha1_of(std::string_view bytes);

}  // namespace hyalite

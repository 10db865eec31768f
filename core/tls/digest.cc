// Digests, by algorithms that are looked up once.
// SPDX-License-Identifier: MIT
#include "tls/digest.h"

#include <cstdlib>

namespace hyalite {

namespace {

// Without SHA-256 there is no TLS at all; MD5 may be missing where a policy forbids it.
template <std::size_t size>
std::array<unsigned char, size> digest_of(const EVP_MD* algorithm, std::string_view bytes) {
  std::array<unsigned char, size> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr) != 1) std::abort();
  return digest;
}

}  // namespace

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kAlgorithm;
}

const EVP_MD* sha1_algorithm() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return kAlgorithm;
}

const EVP_MD* md5_algorithm() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
  return kAlgorithm;
}

Digest256 sha256_of(std::string_view bytes) { return digest_of<32>(sha256_algorithm(), bytes); }
std::array<unsigned char, 20> sha1_of(std::string_view bytes) { return digest_of<20>(sha1_algorithm(), bytes); }

}  // namespace hyalite

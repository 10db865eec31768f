// Fingerprints of TLS clients.
// SPDX-License-Identifier: MIT
#include "tls/fingerprint.h"

#include <algorithm>
#include <cstdio>

#include "tls/digest.h"

namespace hyalite {

namespace {

constexpr std::uint16_t kServerName = 0, kAlpn = 16;
constexpr char kDigits[] = "0123456789abcdef";

bool is_grease(std::uint16_t value) { return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff); }

std::string hex_digest(const EVP_MD* kind, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (kind == nullptr || EVP_Digest(text.data(), text.size(), digest, &size, kind, nullptr) != 1) return {};
  std::string result;
  result.reserve(2 * std::size_t{size});
  for (unsigned i = 0; i < size; ++i) {
    result += kDigits[digest[i] >> 4];
    result += kDigits[digest[i] & 15];
  }
  return result;
}

template <class Number>
std::string decimals(const std::vector<Number>& numbers) {
  std::string text;
  for (const Number number : numbers) {
    if (is_grease(number)) continue;
    text += (text.empty() ? "" : "-") + std::to_string(number);
  }
  return text;
}

std::vector<std::uint16_t> without_grease(std::vector<std::uint16_t> numbers) {
  std::erase_if(numbers, is_grease);
  return numbers;
}

std::string hexadecimals(const std::vector<std::uint16_t>& numbers) {
  std::string text;
  text.reserve(5 * numbers.size());
  for (const std::uint16_t number : numbers) {
    if (!text.empty()) text += ',';
    for (const int shift : {12, 8, 4, 0}) text += kDigits[number >> shift & 15];
  }
  return text;
}

std::string_view version_of(std::uint16_t version) {
  switch (version) {
    case 0x0304: return "13";
    case 0x0303: return "12";
    case 0x0302: return "11";
    case 0x0301: return "10";
    case 0x0300: return "s3";
    case 0x0002: return "s2";
    default: return "00";
  }
}

std::string two_digits(std::size_t count) {
  char text[4];
  std::snprintf(text, sizeof text, "%02zu", std::min<std::size_t>(count, 99));
  return text;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The first and the last character of the first protocol offered; of its hexadecimal form when they are no letters.
std::string alpn_of(const ClientHello& hello) {
  if (hello.alpn.empty() || hello.alpn.front().empty()) return "00";
  const std::string& first = hello.alpn.front();
  if (is_alphanumeric(first.front()) && is_alphanumeric(first.back())) return {first.front(), first.back()};
  return {kDigits[static_cast<unsigned char>(first.front()) >> 4], kDigits[static_cast<unsigned char>(first.back()) & 15]};
}

}  // namespace

std::string ja3(const ClientHello& hello) {
  return hex_digest(md5_algorithm(), std::to_string(hello.legacy_version) + "," + decimals(hello.cipher_suites) + "," +
                                   decimals(hello.extensions) + "," + decimals(hello.groups) + "," +
                                   decimals(hello.ec_point_formats));
}

std::string ja4(const ClientHello& hello) {
  std::vector<std::uint16_t> ciphers = without_grease(hello.cipher_suites);
  std::vector<std::uint16_t> extensions = without_grease(hello.extensions);
  const bool named = std::count(extensions.begin(), extensions.end(), kServerName) > 0;
  std::string text = "t" + std::string(version_of(hello.highest_version())) + (named ? "d" : "i") +
                     two_digits(ciphers.size()) + two_digits(extensions.size()) + alpn_of(hello);
  std::sort(ciphers.begin(), ciphers.end());
  std::sort(extensions.begin(), extensions.end());
  std::erase_if(extensions, [](std::uint16_t id) { return id == kServerName || id == kAlpn; });
  const auto part = [](const std::string& listed) {
    return listed.empty() ? std::string(12, '0') : hex_digest(sha256_algorithm(), listed).substr(0, 12);
  };
  std::string listed = hexadecimals(extensions);
  const std::vector<std::uint16_t> algorithms = without_grease(hello.signature_algorithms);
  if (!listed.empty() && !algorithms.empty()) listed += "_" + hexadecimals(algorithms);
  return text + "_" + part(hexadecimals(ciphers)) + "_" + part(listed);
}

}  // namespace hyalite

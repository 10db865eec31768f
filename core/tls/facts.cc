// What is known of one TLS connection.
// SPDX-License-Identifier: MIT
#include "tls/facts.h"

#include <openssl/ssl.h>

#include <cstdio>

namespace hyalite {

namespace {

constexpr std::string_view kDefectNames[kDefects] = {
    "wrong_name", "expired", "not_yet_valid", "self_signed", "unknown_issuer", "missing_issuer", "other",
};

constexpr std::string_view kFailureNames[] = {"none", "not_tls", "alert", "peer_left", "unacceptable", "no_leaf", "forbidden"};

}  // namespace

std::string_view name_of(Defect defect) { return kDefectNames[static_cast<std::size_t>(defect)]; }

std::string names_of(const Defects& defects) {
  std::string text;
  for (std::size_t i = 0; i < kDefects; ++i) {
    if (!defects.has(static_cast<Defect>(i))) continue;
    if (!text.empty()) text += ' ';
    text += kDefectNames[i];
  }
  return text;
}

std::string_view name_of(HandshakeFailure failure) { return kFailureNames[static_cast<std::size_t>(failure)]; }

std::string version_text(std::uint16_t version) {
  switch (version) {
    case 0: return {};
    case SSL3_VERSION: return "SSLv3";
    case TLS1_VERSION: return "TLSv1.0";
    case TLS1_1_VERSION: return "TLSv1.1";
    case TLS1_2_VERSION: return "TLSv1.2";
    case TLS1_3_VERSION: return "TLSv1.3";
    default: break;
  }
  char text[16];
  std::snprintf(text, sizeof text, "TLS 0x%04x", version);
  return text;
}

std::string alert_text(std::uint8_t alert) {
  const std::string_view known = SSL_alert_desc_string_long(alert);
  if (known == "unknown") return "alert " + std::to_string(alert);
  // "unknown CA" is what people search for as unknown_ca.
  std::string text(known);
  for (char& c : text) c = c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace hyalite

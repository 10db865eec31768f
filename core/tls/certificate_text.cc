// Certificates for people, for files and for devices.
// SPDX-License-Identifier: MIT
#include "tls/certificate_text.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <utility>

#include "base/address.h"
#include "base/text.h"
#include "tls/digest.h"

namespace hyalite {

namespace {

using Bio = Owned<BIO, BIO_free_all>;
using Constraints = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;

std::string written(const Bio& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size <= 0 ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::string name_text(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  const std::string text = written(bio);
  return text.empty() ? "(no name)" : text;
}

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// The address, and how many bits of the mask behind it are set.
std::string network_text(std::string_view bytes) {
  const std::string_view address = bytes.substr(0, bytes.size() / 2),
                         mask = bytes.substr(bytes.size() / 2);
  unsigned bits = 0;
  for (const char byte : mask)
    bits += static_cast<unsigned>(__builtin_popcount(static_cast<unsigned char>(byte)));
  IpAddress ip;
  if (address.size() == sizeof(in_addr)) {
    in_addr four;
    std::copy(address.begin(), address.end(), reinterpret_cast<char*>(&four));
    ip = IpAddress::v4(four);
  } else if (address.size() == sizeof(in6_addr)) {
    in6_addr six;
    std::copy(address.begin(), address.end(), reinterpret_cast<char*>(&six));
    ip = IpAddress::v6(six);
  } else {
    return "an odd network";
  }
  return ip.text() + '/' + std::to_string(bits);
}

std::string general_name_text(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) return printable(bytes_of(name->d.dNSName));
  if (name->type == GEN_IPADD) return network_text(bytes_of(name->d.iPAddress));
  return "names of another kind";
}

void add_subtrees(const STACK_OF(GENERAL_SUBTREE) * subtrees, const char* what,
                  std::vector<std::string>& texts) {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    texts.push_back(std::string(what) + ' ' +
                    general_name_text(sk_GENERAL_SUBTREE_value(subtrees, i)->base));
  }
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// A UUID that follows from the certificate (RFC 9562, section 5.8), `which` of several.
std::string uuid_of(const Sha256& digest, std::size_t which) {
  unsigned char bytes[16];
  for (std::size_t i = 0; i < sizeof(bytes); ++i) bytes[i] = digest[i + which * sizeof(bytes)];
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < sizeof(bytes); ++i) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02X", bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += two;
  }
  return text;
}

}  // namespace

std::string subject_text(X509* certificate) {
  return name_text(X509_get_subject_name(certificate));
}
std::string issuer_text(X509* certificate) { return name_text(X509_get_issuer_name(certificate)); }

std::string key_text(X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return "unknown";
  const char* type = EVP_PKEY_get0_type_name(key);
  std::string text = type == nullptr ? "unknown" : type;
  if (text == "EC") return text + " P-" + std::to_string(EVP_PKEY_get_bits(key));
  return text + ' ' + std::to_string(EVP_PKEY_get_bits(key));
}

std::vector<std::string> name_constraints(X509* certificate) {
  std::vector<std::string> texts;
  const Constraints constraints(static_cast<NAME_CONSTRAINTS*>(
      X509_get_ext_d2i(certificate, NID_name_constraints, nullptr, nullptr)));
  if (!constraints) return texts;
  add_subtrees(constraints->permittedSubtrees, "permitted", texts);
  add_subtrees(constraints->excludedSubtrees, "excluded", texts);
  return texts;
}

Sha256 sha256_of(X509* certificate) {
  Sha256 digest{};
  unsigned size = digest.size();
  X509_digest(certificate, sha256_algorithm(), digest.data(), &size);
  return digest;
}

std::string hex_text(const Sha256& digest) {
  std::string text;
  for (const unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02x", byte);
    text += two;
  }
  return text;
}

std::string colon_text(const Sha256& digest) {
  std::string text;
  for (const unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02X", byte);
    text += (text.empty() ? "" : ":") + std::string(two);
  }
  return text;
}

std::string certificate_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return written(bio);
}

std::string certificate_der(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  i2d_X509_bio(bio.get(), certificate);
  return written(bio);
}

std::string mobileconfig(X509* certificate) {
  const Sha256 digest = sha256_of(certificate);
  const std::string name = escape_html(subject_text(certificate));
  const std::string id = "hyalite.ca." + hex_text(digest).substr(0, 16);
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadCertificateFileName</key><string>ca.cer</string>
      <key>PayloadContent</key><data>)" +
         base64(certificate_der(certificate)) + R"(</data>
      <key>PayloadDescription</key><string>Lets this device trust what the inspection proxy shows it</string>
      <key>PayloadDisplayName</key><string>)" +
         name + R"(</string>
      <key>PayloadIdentifier</key><string>)" +
         id + R"(.root</string>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadUUID</key><string>)" +
         uuid_of(digest, 0) + R"(</string>
      <key>PayloadVersion</key><integer>1</integer>
    </dict>
  </array>
  <key>PayloadDescription</key><string>The certificate authority of this network's inspection proxy</string>
  <key>PayloadDisplayName</key><string>)" +
         name + R"(</string>
  <key>PayloadIdentifier</key><string>)" +
         id + R"(</string>
  <key>PayloadRemovalDisallowed</key><false/>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadUUID</key><string>)" +
         uuid_of(digest, 1) + R"(</string>
  <key>PayloadVersion</key><integer>1</integer>
</dict>
</plist>
)";
}

std::string date_text(WallTime time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  char text[32];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

}  // namespace hyalite

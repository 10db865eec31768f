// A server's certificate, shared with whoever still needs it.
// SPDX-License-Identifier: MIT
#include "tls/peer_certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/text.h"
#include "tls/dates.h"
#include "tls/digest.h"
#include "tls/handle.h"
#include "tls/leaf_text.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostNameBytes = 512;
constexpr std::size_t kMostNames = 256;

std::string text_of(const X509_NAME* name) {
  const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size <= 0 ? std::string() : std::string(data, std::min<std::size_t>(static_cast<std::size_t>(size), kMostNameBytes));
}

void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

}  // namespace

PeerCertificate::PeerCertificate(const PeerCertificate& other) : certificate_(other.certificate_), digest_(other.digest_) {
  if (certificate_ != nullptr) X509_up_ref(certificate_);
}

PeerCertificate::~PeerCertificate() { X509_free(certificate_); }

std::string PeerCertificate::subject() const { return text_of(X509_get_subject_name(certificate_)); }
std::string PeerCertificate::issuer() const { return text_of(X509_get_issuer_name(certificate_)); }

std::vector<std::string> PeerCertificate::names() const {
  std::vector<std::string> result;
  const Owned<GENERAL_NAMES, free_names> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate_, NID_subject_alt_name, nullptr, nullptr)));
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count && result.size() < kMostNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    result.push_back(to_lower({data, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  return result;
}

WallTime PeerCertificate::not_before() const { return wall_time_of(X509_get0_notBefore(certificate_)).value_or(WallTime{}); }
WallTime PeerCertificate::not_after() const { return wall_time_of(X509_get0_notAfter(certificate_)).value_or(WallTime{}); }

Digest256 PeerCertificate::digest() const {
  if (!digest_) {
    digest_.emplace();
    auto size = static_cast<unsigned>(digest_->size());
    X509_digest(certificate_, sha256_algorithm(), digest_->data(), &size);
  }
  return *digest_;
}

std::string PeerCertificate::der() const {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate_, &data);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

bool cover(std::span<const std::string> names, std::string_view host) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name_matches(name, host); });
}

std::string hex(const Digest256& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace hyalite

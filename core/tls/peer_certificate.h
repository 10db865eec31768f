// A server's certificate, shared with whoever still needs it.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

struct x509_st;  // of OpenSSL, which nobody outside of this room includes

namespace hyalite {

using Digest256 = std::array<unsigned char, 32>;

// Parsed once. A copy is one more reference; nobody changes it.
class PeerCertificate {
 public:
  PeerCertificate() = default;
  // Takes over one reference.
  explicit PeerCertificate(x509_st* certificate) : certificate_(certificate) {}
  PeerCertificate(const PeerCertificate& other);
  PeerCertificate(PeerCertificate&& other) noexcept
      : certificate_(std::exchange(other.certificate_, nullptr)), digest_(std::exchange(other.digest_, std::nullopt)) {}
  PeerCertificate& operator=(PeerCertificate other) noexcept {
    std::swap(certificate_, other.certificate_);
    std::swap(digest_, other.digest_);
    return *this;
  }
  ~PeerCertificate();

  explicit operator bool() const { return certificate_ != nullptr; }
  x509_st* get() const { return certificate_; }

  // All of these: only when there is one.
  std::string subject() const;  // RFC 2253, at most 512 bytes
  std::string issuer() const;
  // Host names of subjectAltName, lower case, wildcards as they stand; at most 256.
  std::vector<std::string> names() const;
  WallTime not_before() const;
  WallTime not_after() const;
  Digest256 digest() const;  // SHA-256 of its DER; computed once, copies know it, too
  std::string der() const;

 private:
  x509_st* certificate_ = nullptr;
  mutable std::optional<Digest256> digest_;
};

// Does one of a certificate's names (see names()) stand for `host`, in lower case?
bool cover(std::span<const std::string> names, std::string_view host);

// 64 lower-case hexadecimal digits.
std::string hex(const Digest256& digest);

}  // namespace hyalite

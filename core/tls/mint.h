// Makes leaves: certificates for clients, in the names of the servers they asked for.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/x509v3.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "tls/authority.h"
#include "tls/dates.h"
#include "tls/keyless.h"
#include "tls/leaf_text.h"
#include "tls/serial.h"

namespace hyalite {

// A P-256 public key as certificates have it: 04, x, y (SEC 1, section 2.3.3).
inline constexpr std::size_t kPointBytes = 65;
using PublicPoint = std::array<unsigned char, kPointBytes>;

// Signs leaves with one key. What is the same in all of them is made once, and the rest written around it: building the same
// certificate of OpenSSL's objects takes longer than the signature.
class Mint {
 public:
  // The authority outlives the mint.
  static Result<Mint> open(const SigningAuthority& authority);

  struct Order {
    const LeafText& text;
    const PublicPoint& key;
    Validity validity;
  };
  // The certificate's DER. It is an end certificate for TLS servers, whatever was ordered:
  //   version 3, a random serial of 128 bits, the names, validity
  //   basicConstraints CA:FALSE, keyUsage digitalSignature, extendedKeyUsage serverAuth
  //   subjectKeyIdentifier of the key, authorityKeyIdentifier of the issuer
  // Not mirrored: the upstream's usages, and what speaks of another certificate (SCTs, revocation, policies,
  // must-staple): docs/decisions/0014-usages-of-leaves.md. The operator's fault when the name constraints of the CA, or of one above it, do not permit the names.
  Result<std::string> mint(const Order& order) const;

  const Validity& validity() const { return authority_->view.validity; }

 private:
  // Encoded once: what all leaves of an issuer share.
  struct Common {
    std::string algorithm;   // of the signature: an AlgorithmIdentifier
    std::string issuer;      // a Name
    std::string usages;      // basicConstraints, keyUsage, extendedKeyUsage: each an Extension
    std::string issuer_key;  // authorityKeyIdentifier: an Extension
  };
  using Signing = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
  using Constraints = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
  Mint(const SigningAuthority& authority, Common common, Signing signing);

  // What is signed: a TBSCertificate.
  std::string statement(const Order& order, const Serial& serial) const;
  // Empty: it failed.
  std::string signature_of(std::string_view statement) const;
  bool permits(std::string_view der) const;

  const SigningAuthority* authority_;
  Common common_;
  Signing signing_;  // with the authority's key, prepared: one signature after the other
  std::vector<Constraints> constraints_;  // of the CA and of whoever issued it, as far as they have any
  KeylessReader reader_;
};

// An issuer that nobody trusts, for mirrored defects; its key lives and dies with this process.
Result<SigningAuthority> untrusted_authority(WallTime now);

}  // namespace hyalite

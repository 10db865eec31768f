// Makes leaves: certificates for clients, in the names of the servers they asked for.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/x509v3.h>

#include <array>
#include <span>
#include <string>

#include "base/result.h"
#include "tls/authority.h"
#include "tls/dates.h"
#include "tls/leaf_text.h"

namespace hyalite {

// A P-256 public key as certificates have it: 04, x, y (SEC 1, section 2.3.3).
inline constexpr std::size_t kPointBytes = 65;
using PublicPoint = std::array<unsigned char, kPointBytes>;

// Signs leaves with one key. What is the same in all of them is made once.
class Mint {
 public:
  // The authority outlives the mint.
  static Result<Mint> open(const Authority& authority);

  struct Order {
    const LeafText& text;
    const PublicPoint& key;
    Validity validity;
  };
  // The certificate's DER. It is an end certificate for TLS servers, whatever was ordered:
  //   version 3, a random serial of 128 bits, the names, validity
  //   basicConstraints CA:FALSE, keyUsage digitalSignature, extendedKeyUsage serverAuth
  //   subjectKeyIdentifier of the key, authorityKeyIdentifier of the issuer
  // Not mirrored: clientAuth (a leaf of a CA that is trusted for clients, too, would open doors),
  // the upstream's SCTs, revocation and policy pointers (they speak of another certificate),
  // must-staple. The operator's fault when the CA's name constraints do not permit the names.
  Result<std::string> mint(const Order& order) const;

  const Validity& validity() const { return authority_->view.validity; }

 private:
  using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;
  struct Common {
    Extension basic_constraints, key_usage, extended_key_usage, authority_key;
  };
  Mint(const Authority& authority, Common common);

  bool write(X509* leaf, const Order& order) const;
  bool permits(X509* leaf) const;

  const Authority* authority_;
  Common common_;
  Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free> constraints_;  // null: it has none
};

// An issuer that nobody trusts, for mirrored defects; its key lives and dies with this process.
Result<Authority> untrusted_authority(WallTime now);

}  // namespace hyalite

// Creates the operator's certificate authority.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "tls/authority.h"

namespace hyalite {

enum class KeyKind { p256, p384, rsa3072 };

struct NewAuthority {
  std::string common_name;   // at most kMostCommonName bytes
  std::string organization;  // empty: none
  Seconds validity = std::chrono::days{3'650};
  KeyKind key = KeyKind::p256;
  // Name constraints (RFC 5280, section 4.2.1.10): the names it may sign for, with their
  // subdomains, and the networks. When only names are given, no address is permitted, and the other
  // way round; both empty: anything.
  std::vector<std::string> permitted_names;
  std::vector<Network> permitted_networks;
};

// Self-signed, for end certificates only (pathlen 0), valid since an hour ago. The operator's fault
// when it cannot be what is wanted.
Result<SigningAuthority> create_authority(const NewAuthority& wanted, WallTime now);

// PKCS#8; encrypted with AES-256 when the passphrase is not empty.
Result<std::string> key_pem(const PrivateKey& key, std::string_view passphrase);

}  // namespace hyalite

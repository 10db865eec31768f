// The operator's certificate authority: loads it, says what is wrong with it.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tls/dates.h"
#include "tls/handle.h"

namespace hyalite {

// Certificates in the order of a chain: whoever is first was issued by the second, and so on.
using Chain = std::vector<Certificate>;

// The CA as everybody may see it.
struct AuthorityView {
  Chain chain;        // the CA itself first; at least that
  Validity validity;  // the time in which all of the chain is valid

  X509* certificate() const { return chain.front().get(); }
};

struct AuthorityFiles {
  std::string certificate;      // PEM: the CA's own first, then what leads to a root, if anything
  std::string key;              // PEM; may be encrypted
  std::string passphrase_file;  // its first line; empty: the key is not encrypted
};

// A CA and its key: in the signer's process, and in that of `hyalite ca` only.
struct SigningAuthority {
  AuthorityView view;
  PrivateKey key;
};

// Refuses, each with a line that says what is wrong and what to do: a file that holds no
// certificates, or one that is not a CA's, may not sign, is not valid now, does not lead to the
// next one; an algorithm or a key that browsers do not take. The operator's fault.
Result<AuthorityView> load_authority_view(const std::string& certificate_file, WallTime now);
Result<AuthorityView> authority_view(std::string_view pem, const std::string& file, WallTime now);
// The same and the key; refuses a key file that others than its owner may read (0600), whose owner
// is neither root nor this process's user, and a key that belongs to another certificate.
Result<SigningAuthority> load_authority(const AuthorityFiles& files, WallTime now);

}  // namespace hyalite

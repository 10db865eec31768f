// Answers workers' wishes for leaves: the one place that has the CA's key.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "tls/mint.h"
#include "tls/signer_protocol.h"

namespace hyalite {

// Whatever it is asked, it signs nothing but leaves: see Mint. No I/O.
class Signer {
 public:
  // The clock outlives the signer.
  static Result<std::unique_ptr<Signer>> open(SigningAuthority authority, const ValidityLimits& limits,
                                              const Clock& clock);

  // The answer to one message; empty when it was none.
  std::string answer(std::string_view message) const;

  const AuthorityView& authority() const { return trusted_authority_.view; }

 private:
  Signer(SigningAuthority trusted, SigningAuthority untrusted, const ValidityLimits& limits, const Clock& clock);
  SignerAnswer answer(const MintRequest& request) const;
  SignerAnswer answer(const ChainRequest& request) const;
  Validity validity(const LeafText& text) const;

  const SigningAuthority trusted_authority_, untrusted_authority_;
  std::unique_ptr<const Mint> trusted_, untrusted_;
  const ValidityLimits limits_;
  const Clock& clock_;
};

}  // namespace hyalite

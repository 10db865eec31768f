// Answers workers' wishes for leaves: the one place that has the CA's key.
// SPDX-License-Identifier: MIT
#include "tls/signer.h"

#include <utility>

#include "tls/certificate_text.h"

namespace hyalite {

Signer::Signer(SigningAuthority trusted, SigningAuthority untrusted, const ValidityLimits& limits,
               const Clock& clock)
    : trusted_authority_(std::move(trusted)),
      untrusted_authority_(std::move(untrusted)),
      limits_(limits),
      clock_(clock) {}

Result<std::unique_ptr<Signer>> Signer::open(SigningAuthority authority, const ValidityLimits& limits,
                                             const Clock& clock) {
  auto untrusted = untrusted_authority(clock.wall_time());
  if (!untrusted) return untrusted.error();
  std::unique_ptr<Signer> signer(
      new Signer(std::move(authority), std::move(*untrusted), limits, clock));
  auto trusted_mint = Mint::open(signer->trusted_authority_);
  if (!trusted_mint) return trusted_mint.error();
  auto untrusted_mint = Mint::open(signer->untrusted_authority_);
  if (!untrusted_mint) return untrusted_mint.error();
  signer->trusted_ = std::make_unique<const Mint>(std::move(*trusted_mint));
  signer->untrusted_ = std::make_unique<const Mint>(std::move(*untrusted_mint));
  return signer;
}

std::string Signer::answer(std::string_view message) const {
  const auto request = read_signer_request(message);
  if (!request) return {};
  return write(std::visit([this](const auto& one) { return answer(one); }, *request));
}

// A defect is shown as it is: an expired certificate's leaf is expired, too.
Validity Signer::validity(const LeafText& text) const {
  std::optional<Validity> upstream;
  if (text.not_before && text.not_after) upstream = Validity{*text.not_before, *text.not_after};
  if (text.issuer == LeafIssuer::untrusted && upstream) return *upstream;
  return leaf_validity(clock_.wall_time(), limits_, trusted_authority_.view.validity, upstream);
}

SignerAnswer Signer::answer(const MintRequest& request) const {
  const bool trusted = request.text.issuer == LeafIssuer::trusted;
  if (trusted && clock_.wall_time() >= trusted_authority_.view.validity.not_after)
    return SignerRefusal{request.number,
                         Error{Fault::operator_, "the CA's certificate has expired"}};
  const auto der =
      (trusted ? *trusted_ : *untrusted_).mint({request.text, request.key, validity(request.text)});
  if (!der) return SignerRefusal{request.number, der.error()};
  return MintAnswer{request.number, *der};
}

// Without the root: clients have it, or would not believe it.
SignerAnswer Signer::answer(const ChainRequest& request) const {
  ChainAnswer answer{request.number, {}};
  for (const Certificate& one : trusted_authority_.view.chain) {
    if (X509_self_signed(one.get(), 0) != 1) answer.ders.push_back(certificate_der(one.get()));
  }
  return answer;
}

}  // namespace hyalite

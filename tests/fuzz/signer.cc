// Fuzz target: what workers and signer say to each other, and what the signer signs of it: nothing but certificates for servers.
// SPDX-License-Identifier: MIT
#include <openssl/x509v3.h>

#include "tests/fuzz/fuzzing.h"
#include "tls/new_authority.h"
#include "tls/signer.h"
#include "tls/signer_protocol.h"

namespace hyalite {
namespace {

bool same(const MintRequest& a, const MintRequest& b) { return a.number == b.number && a.key == b.key && a.text == b.text; }

bool same(const SignerRequest& a, const SignerRequest& b) {
  if (a.index() != b.index()) return false;
  if (const auto* mint = std::get_if<MintRequest>(&a)) return same(*mint, std::get<MintRequest>(b));
  return std::get<ChainRequest>(a).number == std::get<ChainRequest>(b).number;
}

// The clock stands still; the CA's names are bound to .example.
struct Fixed final : Clock {
  Monotonic now() const override { return Monotonic{}; }
  WallTime wall_time() const override { return WallTime{Seconds{1'800'000'000}}; }
};

const Signer& signer() {
  static const Fixed kClock;
  static const auto kSigner = [] {
    NewAuthority wanted;
    wanted.common_name = "Fuzz CA";
    wanted.permitted_names = {"example"};
    wanted.permitted_networks = {*Network::parse("192.0.2.0/24")};
    return *Signer::open(*create_authority(wanted, kClock.wall_time()), {std::chrono::days{30}, false}, kClock);
  }();
  return *kSigner;
}

// As OpenSSL writes it, every part of it anew.
std::string rewritten(X509* leaf) {
  if (i2d_re_X509_tbs(leaf, nullptr) < 0) return {};  // from now on it does not write what it has read
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(leaf, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), size < 0 ? 0 : static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

void check_leaf(const MintRequest& asked, std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const Certificate leaf(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  require(static_cast<bool>(leaf), "a leaf that is no certificate", der);
  require(at == reinterpret_cast<const unsigned char*>(der.data()) + der.size(), "bytes behind a leaf");
  require(X509_check_ca(leaf.get()) == 0, "a CA was signed");
  require(X509_get_key_usage(leaf.get()) == KU_DIGITAL_SIGNATURE, "another usage of the key");
  require(X509_get_extended_key_usage(leaf.get()) == XKU_SSL_SERVER, "more than for servers");
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(leaf.get());
  require(std::equal(asked.key.begin(), asked.key.end(), ASN1_STRING_get0_data(bits)), "another key");
  require(rewritten(leaf.get()) == der, "another encoding than OpenSSL's", der);
  if (asked.text.issuer == LeafIssuer::untrusted) return;
  for (const std::string& name : asked.text.dns) require(name.ends_with("example"), "a name that the CA may not sign", name);
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  const std::string_view message = as_text(data, size);
  // What a signer that lost its mind could tell a worker.
  if (const auto answer = read_signer_answer(message)) require(!write(*answer).empty(), "an answer that cannot be written");

  const auto request = read_signer_request(message);
  const std::string said = signer().answer(message);
  require(request.has_value() == !said.empty(), "an answer to what was no question", message);
  if (!request) return 0;
  const auto again = read_signer_request(write(*request));
  require(again && same(*request, *again), "a request is another one when it is written and read", message);
  const auto answer = read_signer_answer(said);
  require(answer.has_value(), "an answer that nobody can read", said);
  require(said.size() <= kMostSignerBytes, "an answer that no message holds");
  if (const auto* minted = std::get_if<MintAnswer>(&*answer)) check_leaf(std::get<MintRequest>(*request), minted->der);
  return 0;
}

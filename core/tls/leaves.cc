// A worker's leaves: cached, minted once for all who wait, with keys made beforehand.
// SPDX-License-Identifier: MIT
#include "tls/leaves.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tls/digest.h"
#include "tls/openssl_error.h"

namespace hyalite {

namespace {

constexpr Milliseconds kTick{100};
constexpr Milliseconds kAskAgain = Seconds{1};

std::string key_of(const LeafWish& wish) {
  std::string key(1, wish.issuer == LeafIssuer::trusted ? 't' : 'u');
  if (!wish.upstream) return key;
  const Sha256 digest = wish.upstream.digest();
  return key.append(digest.begin(), digest.end());
}

std::string_view point_of(X509* certificate) {
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(bits)),
          static_cast<std::size_t>(ASN1_STRING_length(bits))};
}

bool is_encoded_as(X509* certificate, std::string_view der) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  const bool same = size >= 0 && der == std::string_view(reinterpret_cast<char*>(bytes),
                                                         static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return same;
}

Error signer_error(const char* what) { return Error{Fault::us, what}; }

// A number that no earlier process on the same socket has used: its answers may still arrive.
std::uint64_t first_number() { return static_cast<std::uint64_t>(::getpid()) << 32; }

}  // namespace

Leaves::Leaves(Loop& loop, const Clock& clock, SignerLink& signer, const LeavesLimits& limits,
               std::uint64_t* counts)
    : clock_(clock),
      signer_(signer),
      limits_(limits),
      cache_(limits.cached),
      keys_(loop, limits.spare_keys),
      last_number_(first_number()),
      tick_(loop, callback<&Leaves::on_tick>(*this)),
      counts_(counts) {
  signer_.listen(callback<&Leaves::on_message>(*this));
  ask_for_chain();
}

Leaves::~Leaves() = default;

void Leaves::ask_for_chain() { (void)signer_.send(write(ChainRequest{++last_number_})); }

void Leaves::ask(const LeafWish& wish, LeafTicket& ticket) {
  std::string key = key_of(wish);
  if (answer_from(key, ticket)) return;
  const std::string particular =
      key + ' ' +
      (wish.server_name.empty() ? wish.destination.text() : std::string(wish.server_name));
  if (answer_from(particular, ticket)) return;
  auto text = leaf_text(wish, limits_.names);
  if (!text) return refuse(ticket, text.error());
  begin(text->for_this_name ? particular : std::move(key), std::move(*text), ticket);
}

// Made already, or being made.
bool Leaves::answer_from(std::string_view key, LeafTicket& ticket) {
  if (const Leaf* leaf = cache_.find(key, clock_.wall_time())) {
    add(LeafCount::cached);
    ticket.answer(Leaf(*leaf));
    return true;
  }
  const auto number = by_key_.find(key);
  if (number == by_key_.end()) return false;
  add(LeafCount::joined);
  ticket.wait_in(mintings_.at(number->second)->line);
  return true;
}

void Leaves::refuse(LeafTicket& ticket, Error why) {
  add(LeafCount::refused);
  ticket.answer(std::move(why));
}

void Leaves::begin(std::string key, LeafText text, LeafTicket& ticket) {
  if (mintings_.size() >= limits_.waiting)
    return refuse(ticket, signer_error("too many certificates are being minted"));
  auto leaf_key = keys_.take();
  if (!leaf_key) return refuse(ticket, leaf_key.error());
  const std::uint64_t number = ++last_number_;
  auto& minting = *mintings_.emplace(number, std::make_unique<Minting>()).first->second;
  minting.key = std::move(key);
  minting.leaf_key = std::move(*leaf_key);
  minting.text = std::move(text);
  minting.give_up = clock_.now() + limits_.patience;
  by_key_.emplace(minting.key, number);
  ticket.wait_in(minting.line);
  send(number, minting);
  if (!tick_.running()) tick_.start(kTick);
}

// When the signer's socket is full, or what was sent is lost with a signer that died: again, later.
void Leaves::send(std::uint64_t number, Minting& minting) {
  const MintRequest request{number, minting.leaf_key.point, minting.text};
  const bool sent = signer_.send(write(request)).has_value();
  minting.again = clock_.now() + (sent ? kAskAgain : kTick);
}

void Leaves::on_tick() {
  if (!issuers_) ask_for_chain();
  const Monotonic now = clock_.now();
  std::vector<std::uint64_t> late;
  for (const auto& [number, minting] : mintings_) {
    if (now >= minting->give_up) {
      late.push_back(number);
    } else if (now >= minting->again) {
      send(number, *minting);
    }
  }
  for (const std::uint64_t number : late)
    finish(number, signer_error("the signer does not answer"));
  if (!mintings_.empty() || !issuers_) tick_.start(kTick);
}

void Leaves::on_message(std::string_view message) {
  const auto answer = read_signer_answer(message);
  if (answer) std::visit([this](const auto& one) { on_answer(one); }, *answer);
}

void Leaves::on_answer(const ChainAnswer& answer) {
  if (issuers_) return;
  CertificateStack issuers(sk_X509_new_null());
  for (const std::string& der : answer.ders) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    X509* one = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
    if (one == nullptr || sk_X509_push(issuers.get(), one) <= 0) {
      X509_free(one);
      return ERR_clear_error();
    }
  }
  issuers_ = std::move(issuers);
}

void Leaves::on_answer(const MintAnswer& answer) {
  const auto minting = mintings_.find(answer.number);
  if (minting == mintings_.end()) return;
  // Asked for first of all, so it is only missing when a signer died in between: see on_tick().
  if (!issuers_) return;
  auto leaf = assemble(*minting->second, answer.der);
  if (leaf) {
    add(LeafCount::minted);
    cache_.put(minting->second->key, *leaf, clock_.wall_time());
  }
  finish(answer.number, leaf);
}

void Leaves::on_answer(const SignerRefusal& refusal) { finish(refusal.number, refusal.why); }

// Whoever is answered may ask again at once.
void Leaves::finish(std::uint64_t number, const Result<Leaf>& leaf) {
  const auto place = mintings_.find(number);
  if (place == mintings_.end()) return;
  const auto minting = std::move(place->second);
  by_key_.erase(minting->key);
  mintings_.erase(place);
  while (LeafTicket* ticket = LeafTicket::first_in(minting->line)) {
    if (!leaf) add(LeafCount::refused);
    ticket->answer(leaf);
  }
}

Result<Leaf> Leaves::assemble(const Minting& minting, std::string_view der) const {
  Leaf leaf{reader_.read(der), minting.leaf_key.key, nullptr, {}, {}};
  X509* const read = leaf.certificate.get();
  if (read == nullptr) return openssl_error(Fault::us, "the signer's certificate cannot be read");
  const PublicPoint& point = minting.leaf_key.point;
  if (point_of(read) != std::string_view(reinterpret_cast<const char*>(point.data()), point.size()))
    return signer_error("the signer's certificate has another key");
  if (X509_set_pubkey(read, leaf.key.get()) != 1 || !is_encoded_as(read, der))
    return openssl_error(Fault::us, "the signer's certificate does not take its key");
  // What OpenSSL derives from a certificate when it is first used: now, not while it is shared, and
  // without leaving complaints behind that a handshake would take for its own.
  X509_check_purpose(read, -1, 0);
  ERR_clear_error();
  leaf.digest = sha256_of(der);
  leaf.not_after = wall_time_of(X509_get0_notAfter(read)).value_or(WallTime{});
  if (minting.text.issuer == LeafIssuer::trusted) leaf.issuers = issuers_.get();
  return leaf;
}

}  // namespace hyalite

// A worker's leaves: cached, minted once for all who wait, with keys made beforehand.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "event/link.h"
#include "event/loop.h"
#include "event/timer.h"
#include "tls/keyless.h"
#include "tls/leaf_cache.h"
#include "tls/leaf_keys.h"
#include "tls/leaf_source.h"
#include "tls/leaf_text.h"
#include "tls/signer_link.h"

namespace hyalite {

struct LeavesLimits {
  std::size_t names = 100;  // in one leaf; at most kMostLeafNames
  std::size_t cached = 2'000;
  std::size_t spare_keys = 32;
  std::size_t waiting = 1'000;         // leaves that are being minted
  Milliseconds patience = Seconds{5};  // with the signer; asked again every second until then
};

// What is counted: leaves minted; asks answered at once; asks that waited for somebody else's
// minting; asks that were answered with an error.
enum class LeafCount { minted, cached, joined, refused };
inline constexpr std::string_view kLeafCounts[] = {"minted", "cached", "joined", "refused"};

// Leaves belong to upstream certificates: hosts that show the same certificate share a leaf and its
// key, as they do upstream. Without one, and where a certificate has too many names to mirror all
// of them, to the name asked for.
class Leaves final : public LeafSource {
 public:
  // `counts`: four cells, by LeafCount. All that is lent outlives this.
  Leaves(Loop& loop, const Clock& clock, SignerLink& signer, const LeavesLimits& limits,
         std::uint64_t* counts);
  ~Leaves() override;

  void ask(const LeafWish& wish, LeafTicket& ticket) override;
  std::uint64_t count(LeafCount which) const { return counts_[static_cast<std::size_t>(which)]; }
  std::size_t spare_keys() const { return keys_.spare(); }

 private:
  struct Minting {
    std::string key;  // in the cache
    LeafKey leaf_key;
    LeafText text;
    Link line;  // who waits
    Monotonic again, give_up;
  };
  using IssuerStack =
      Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }>;

  void ask_for_chain();
  void add(LeafCount which) { ++counts_[static_cast<std::size_t>(which)]; }
  bool answer_from(std::string_view key, LeafTicket& ticket);
  void refuse(LeafTicket& ticket, Error why);
  void begin(std::string key, LeafText text, LeafTicket& ticket);
  void send(std::uint64_t number, Minting& minting);
  void on_message(std::string_view message);
  void on_answer(const MintAnswer& answer);
  void on_answer(const ChainAnswer& answer);
  void on_answer(const SignerRefusal& refusal);
  void finish(std::uint64_t number, const Result<Leaf>& leaf);
  void on_tick();
  Result<Leaf> assemble(const Minting& minting, std::string_view der) const;

  const Clock& clock_;
  SignerLink& signer_;
  const LeavesLimits limits_;
  LeafCache cache_;
  LeafKeys keys_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Minting>> mintings_;
  std::unordered_map<std::string_view, std::uint64_t> by_key_;  // the keys are the mintings'
  std::uint64_t last_number_;
  CertificateStack issuers_;  // null: not told yet
  KeylessReader reader_;
  Timer tick_;
  std::uint64_t* const counts_;
};

}  // namespace hyalite

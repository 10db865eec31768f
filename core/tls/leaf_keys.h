// Keys for leaves, made beforehand.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "event/loop.h"
#include "event/timer.h"
#include "tls/handle.h"
#include "tls/mint.h"

namespace hyalite {

struct LeafKey {
  PrivateKey key;
  PublicPoint point{};
};

// A P-256 key that no other leaf has. OpenSSL's older kind of key object (EC_KEY): writing it into
// a certificate costs a fiftieth of what the newer kind costs, and that is half of all minting.
Result<LeafKey> make_leaf_key();

// So many keys at hand; refilled from half of them on, a few at a time, between other work. The loop outlives it.
class LeafKeys {
 public:
  LeafKeys(Loop& loop, std::size_t spare);

  // One from the pool, or made now when it is empty.
  Result<LeafKey> take();
  std::size_t spare() const { return keys_.size(); }

 private:
  void refill();

  const std::size_t most_;
  std::vector<LeafKey> keys_;
  Timer refill_;
};

}  // namespace hyalite

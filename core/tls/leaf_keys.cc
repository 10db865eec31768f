// Keys for leaves, made beforehand.
// SPDX-License-Identifier: MIT
#include "tls/leaf_keys.h"

#include <openssl/ec.h>

#include <utility>

#include "tls/openssl_error.h"

// Deprecated since OpenSSL 3.0, and still there in 3.5: see make_leaf_key().
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace hyalite {

namespace {

void free_key(EC_KEY* key) { EC_KEY_free(key); }
using EcKey = Owned<EC_KEY, free_key>;

// Some 30 us each: so many between two rounds of the loop delay nobody noticeably.
constexpr std::size_t kAtOnce = 4;
constexpr Milliseconds kPause{5};

}  // namespace

Result<LeafKey> make_leaf_key() {
  EcKey made(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  PrivateKey key(EVP_PKEY_new());
  LeafKey leaf;
  const bool done =
      made && key && EC_KEY_generate_key(made.get()) == 1 &&
      EC_POINT_point2oct(EC_KEY_get0_group(made.get()), EC_KEY_get0_public_key(made.get()),
                         POINT_CONVERSION_UNCOMPRESSED, leaf.point.data(), leaf.point.size(),
                         nullptr) == kPointBytes &&
      EVP_PKEY_assign_EC_KEY(key.get(), made.get()) == 1;
  if (!done) return openssl_error(Fault::us, "cannot make a key");
  (void)made.release();  // the key has it
  leaf.key = std::move(key);
  return leaf;
}

LeafKeys::LeafKeys(Loop& loop, std::size_t spare)
    : most_(spare), refill_(loop, callback<&LeafKeys::refill>(*this)) {
  keys_.reserve(most_);
  refill();
}

Result<LeafKey> LeafKeys::take() {
  if (keys_.size() <= most_ / 2 && !refill_.running()) refill_.start(kPause);
  if (keys_.empty()) return make_leaf_key();
  LeafKey key = std::move(keys_.back());
  keys_.pop_back();
  return key;
}

void LeafKeys::refill() {
  for (std::size_t i = 0; i < kAtOnce && keys_.size() < most_; ++i) {
    auto key = make_leaf_key();
    if (!key) return;
    keys_.push_back(std::move(*key));
  }
  if (keys_.size() < most_) refill_.start(kPause);
}

}  // namespace hyalite

// The keys that seal our clients' session tickets: the same in all workers, another one every while.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "tls/handle.h"

namespace hyalite {

// Workers do not talk: each derives the key of an epoch from one secret that was drawn before they were forked. Tickets of
// the epoch before are still taken, and renewed; older ones are not. With TLS 1.3 each is renewed whenever it is used. A new generation
// draws a new secret.
class TicketKeys {
 public:
  using Secret = std::array<unsigned char, 32>;
  static Secret draw();

  // `clock` outlives the keys.
  TicketKeys(const Secret& secret, Milliseconds epoch, const Clock& clock) : secret_(secret), epoch_(epoch), clock_(clock) {}

  // Makes the context use them; the keys outlive its use.
  void serve(SSL_CTX* context);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher, mac;
  };
  struct Epoch {
    std::uint64_t number;
    Key key;
  };
  // Derived when it is first needed. Valid until the key of another epoch is asked for.
  const Key& key_of(std::uint64_t epoch);
  Key derived(std::uint64_t epoch) const;
  std::uint64_t epoch_now() const;
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  // `once`: it was for one connection, which gets another.
  int open(const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool once);
  static int on_ticket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                       int sealing);

  Secret secret_;
  Milliseconds epoch_;
  const Clock& clock_;
  std::array<std::optional<Epoch>, 2> derived_;  // of even and of odd ones
};

}  // namespace hyalite

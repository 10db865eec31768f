// The keys that seal our clients' session tickets.
// SPDX-License-Identifier: MIT
#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tls/digest.h"

namespace hyalite {

namespace {

// What the library expects of a ticket callback.
constexpr int kFailed = -1, kUnknown = 0, kDone = 1, kDoneButRenew = 2;

// Looked up once; belongs to the process, like the library itself.
const EVP_CIPHER* sealing_cipher() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return kCipher;
}

bool start(EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, const unsigned char* cipher_key, std::array<unsigned char, 32> mac_key,
           const unsigned char* iv, bool sealing) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key.data(), mac_key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
         EVP_CipherInit_ex(cipher, sealing_cipher(), nullptr, cipher_key, iv, sealing ? 1 : 0) == 1;
}

}  // namespace

TicketKeys::Secret TicketKeys::draw() {
  Secret secret;
  // Without randomness there is no TLS at all.
  if (RAND_priv_bytes(secret.data(), static_cast<int>(secret.size())) != 1) std::abort();
  return secret;
}

void TicketKeys::serve(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, reinterpret_cast<char*>(this));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

// HMAC as a key derivation: one secret, one label for each epoch and purpose.
TicketKeys::Key TicketKeys::derived(std::uint64_t epoch) const {
  Key key;
  const auto derive = [&](char purpose, unsigned char* out, std::size_t size) {
    unsigned char label[9];
    std::memcpy(label, &epoch, sizeof epoch);
    label[8] = static_cast<unsigned char>(purpose);
    std::array<unsigned char, 32> digest;
    unsigned digest_size = digest.size();
    HMAC(sha256_algorithm(), secret_.data(), static_cast<int>(secret_.size()), label, sizeof label, digest.data(), &digest_size);
    std::copy_n(digest.begin(), size, out);
  };
  derive('n', key.name.data(), key.name.size());
  derive('c', key.cipher.data(), key.cipher.size());
  derive('m', key.mac.data(), key.mac.size());
  return key;
}

const TicketKeys::Key& TicketKeys::key_of(std::uint64_t epoch) {
  std::optional<Epoch>& place = derived_[epoch % derived_.size()];
  if (!place || place->number != epoch) place = Epoch{epoch, derived(epoch)};
  return place->key;
}

std::uint64_t TicketKeys::epoch_now() const {
  const auto since = std::chrono::duration_cast<Milliseconds>(clock_.wall_time().time_since_epoch());
  return static_cast<std::uint64_t>(since / epoch_);
}

int TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const Key& key = key_of(epoch_now());
  std::copy(key.name.begin(), key.name.end(), name);
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(sealing_cipher())) != 1) return kFailed;
  return start(cipher, mac, key.cipher.data(), key.mac, iv, true) ? kDone : kFailed;
}

int TicketKeys::open(const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool once) {
  const std::uint64_t now = epoch_now();
  for (const std::uint64_t epoch : {now, now - 1}) {
    const Key& key = key_of(epoch);
    if (!std::equal(key.name.begin(), key.name.end(), name)) continue;
    if (!start(cipher, mac, key.cipher.data(), key.mac, iv, false)) return kFailed;
    return epoch == now && !once ? kDone : kDoneButRenew;
  }
  return kUnknown;
}

int TicketKeys::on_ticket(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                          int sealing) {
  const SSL_CTX* context = SSL_get_SSL_CTX(connection);
  auto* keys = reinterpret_cast<TicketKeys*>(SSL_CTX_get_app_data(context));
  if (sealing != 0) return keys->seal(name, iv, cipher, mac);
  // A ticket of TLS 1.3 is for one connection (RFC 8446, appendix C.4), which gets the next one. It answers the client's last word of the
  // handshake, too: a client that says its request separately would wait for an acknowledgement that we have no other reason to send soon.
  return keys->open(name, iv, cipher, mac, SSL_version(connection) >= TLS1_3_VERSION);
}

}  // namespace hyalite

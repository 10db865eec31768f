// One end of a TLS connection, for tests: it does not block, and is stepped.
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "tests/support/authority.h"
#include "tls/tls_transport.h"

namespace hyalite {

class TlsPeer {
 public:
  enum class End { open, closed /* close_notify */, cut /* FIN alone */, failed };

  TlsPeer(Context context, Fd fd, bool server) : context_(std::move(context)), fd_(std::move(fd)), ssl_(SSL_new(context_.get())) {
    ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
    SSL_set_fd(ssl_.get(), fd_.get());
    server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
  }

  // Everything that can be done now. True when something changed.
  bool step() {
    if (end != End::open) return false;
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl_.get())) {
      const int n = SSL_do_handshake(ssl_.get());
      if (n != 1) return !waits(n);
      return true;
    }
    flush();
    char buffer[65536];
    const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
    if (n <= 0) return !waits(n);
    got.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  void say(std::string_view bytes) {
    unsaid_ += bytes;
    flush();
  }
  bool shaken() const { return SSL_is_init_finished(ssl_.get()) == 1 && end != End::failed; }
  void close_notify() { SSL_shutdown(ssl_.get()); }
  void fin() { ::shutdown(fd_.get(), SHUT_WR); }
  void vanish() { fd_.reset(); }
  SSL* ssl() { return ssl_.get(); }
  int fd() const { return fd_.get(); }
  bool resumed() { return SSL_session_reused(ssl_.get()) == 1; }
  PeerCertificate certificate() { return PeerCertificate(SSL_get1_peer_certificate(ssl_.get())); }

  std::string got;
  End end = End::open;
  std::string error;

 private:
  void flush() {
    while (!unsaid_.empty() && SSL_is_init_finished(ssl_.get())) {
      const int n = SSL_write(ssl_.get(), unsaid_.data(), static_cast<int>(std::min<std::size_t>(unsaid_.size(), 16384)));
      if (n <= 0) return;
      unsaid_.erase(0, static_cast<std::size_t>(n));
    }
  }
  bool waits(int n) {
    switch (SSL_get_error(ssl_.get(), n)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE: return true;
      case SSL_ERROR_ZERO_RETURN: end = End::closed; return false;
      default: break;
    }
    const unsigned long code = ERR_peek_error();
    const char* reason = ERR_reason_error_string(code);
    error = reason != nullptr ? reason : "reset";
    end = ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? End::cut : End::failed;
    return false;
  }

  Context context_;
  Fd fd_;
  Connection ssl_;
  std::string unsaid_;
};

// A server with that certificate (and issuers).
inline Context server_context(const Issued& own, const std::vector<Certificate>& issuers = {}) {
  Context context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(context.get(), own.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), own.key.get());
  for (const Certificate& issuer : issuers) SSL_CTX_add1_chain_cert(context.get(), issuer.get());
  return context;
}

// A client that trusts that root alone.
inline Context client_context(const Certificate& root) {
  Context context(SSL_CTX_new(TLS_client_method()));
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

// What the client begins with; afterwards the peer goes on over its socket.
inline std::string first_flight(TlsPeer& peer) {
  BIO* memory = BIO_new(BIO_s_mem());
  BIO* socket = SSL_get_wbio(peer.ssl());
  BIO_up_ref(socket);
  SSL_set0_wbio(peer.ssl(), memory);
  BIO_up_ref(memory);
  SSL_do_handshake(peer.ssl());
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string hello(data, static_cast<std::size_t>(size));
  SSL_set0_wbio(peer.ssl(), socket);
  BIO_free(memory);
  return hello;
}

inline void send_to(int fd, std::string_view bytes) {
  EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

}  // namespace hyalite

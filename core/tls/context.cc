// What the contexts of all kinds of TLS connections have in common.
// SPDX-License-Identifier: MIT
#include "tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tls/tls_transport.h"

namespace hyalite {

namespace {

// One read takes several records where they are small.
constexpr std::size_t kReadBufferBytes = 32 * 1024;

int version_of(TlsVersion version) {
  switch (version) {
    case TlsVersion::tls_1_0: return TLS1_VERSION;
    case TlsVersion::tls_1_1: return TLS1_1_VERSION;
    case TlsVersion::tls_1_2: return TLS1_2_VERSION;
    case TlsVersion::tls_1_3: break;
  }
  return TLS1_3_VERSION;
}

void on_state(const SSL* connection, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (value >> 8) == SSL3_AL_FATAL) {
    TlsTransport::of(connection).on_alert_received(value & 0xff);
  }
}

}  // namespace

Context new_context(const SSL_METHOD* method, TlsVersion oldest) {
  Context context(SSL_CTX_new(method));
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, version_of(oldest));
  SSL_CTX_set_max_proto_version(c, 0);
  // The older versions sign with SHA-1, which no other level of the library allows; in certificates nothing becomes weaker.
  if (oldest < TlsVersion::tls_1_2) {
    X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(c), SSL_CTX_get_security_level(c));
    SSL_CTX_set_security_level(c, 0);
  }
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(c, 1);
  SSL_CTX_set_default_read_buffer_len(c, kReadBufferBytes);
  SSL_CTX_set_info_callback(c, on_state);
  return context;
}

std::optional<Mistake> trust(SSL_CTX* context, const std::string& whom, const std::string& file, const std::string& path) {
  if (whom == "system") {
    (void)SSL_CTX_set_default_verify_paths(context);
    ERR_clear_error();
    return std::nullopt;
  }
  const auto certificates = read_certificates(seen_from(file, whom));
  if (certificates.empty()) {
    return mistake_at(file, path, why_no_certificates(whom, file), "a file of certificates (PEM), or system");
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Certificate& one : certificates) (void)X509_STORE_add_cert(store, one.get());
  ERR_clear_error();
  return std::nullopt;
}

std::vector<Certificate> read_certificates(const std::string& path) {
  const Owned<BIO, BIO_free_all> in(BIO_new_file(path.c_str(), "r"));
  std::vector<Certificate> all;
  ERR_clear_error();
  while (in) {
    Certificate one(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    all.push_back(std::move(one));
  }
  // Where the file ends, nothing more begins; everything else is a certificate that is damaged.
  const unsigned long last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE) all.clear();
  ERR_clear_error();
  return all;
}

std::string why_no_certificates(const std::string& path, const std::string& file) {
  errno = 0;
  std::ifstream in(seen_from(file, path));
  in.peek();  // a directory opens, and only then cannot be read
  if (!in.is_open() || in.bad()) return '"' + path + "\" cannot be read: " + std::strerror(errno);
  return '"' + path + "\" holds no certificate, or one that cannot be read";
}

Mistake mistake_at(const std::string& file, std::string path, std::string what, std::string expected) {
  Mistake mistake;
  mistake.file = file;
  mistake.path = std::move(path);
  mistake.what = std::move(what);
  mistake.expected = std::move(expected);
  return mistake;
}

std::string seen_from(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

}  // namespace hyalite

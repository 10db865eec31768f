// What TLS needs before there are workers.
// SPDX-License-Identifier: MIT
#include "tls/ground.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>

#include "tls/context.h"
#include "tls/openssl_error.h"
#include "tls/tls_transport.h"
#include "tls/verification.h"

namespace hyalite {

namespace {

int on_session(SSL* connection, SSL_SESSION* session) {
  TlsTransport::Observer* observer = TlsTransport::of(connection).observer();
  if (observer == nullptr) return 0;
  observer->on_session(session);
  return 1;
}

// Called only when no certificate was given to the connection.
int on_certificate_request(SSL* connection, X509**, EVP_PKEY**) {
  TlsTransport::of(connection).facts().asked_for_certificate = true;
  return 0;
}

void on_secret(const SSL* connection, const char* line) {
  if (TlsTransport::Observer* observer = TlsTransport::of(connection).observer()) observer->on_secret(line);
}

using File = Owned<BIO, BIO_free_all>;

bool readable_by_others(const std::string& path) {
  struct stat about{};
  return ::stat(path.c_str(), &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

bool covers(const std::string& domain, std::string_view name) {
  if (name == domain) return true;
  return name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.';
}

}  // namespace

TlsGround::TlsGround(const Settings& settings)
    : settings_(settings.tls),
      sessions_(settings.limits.tls_sessions),
      clients_(new_context(TLS_server_method(), settings.tls.client.minimum_version)),
      upstreams_(new_context(TLS_client_method(), settings.tls.upstream.minimum_version)),
      ticket_secret_(TicketKeys::draw()) {
  SSL_CTX* clients = clients_.get();
  // Sessions of clients live in their tickets alone.
  SSL_CTX_set_session_cache_mode(clients, SSL_SESS_CACHE_OFF);
  // At once, not with the first bytes of an answer: its packet acknowledges the client's Finished. Without it a client that has
  // Nagle's algorithm (Python, Java) would wait 40 ms for a delayed acknowledgement before it says what it wants.
  SSL_CTX_set_num_tickets(clients, 1);
  SSL_CTX_set_timeout(clients, std::chrono::duration_cast<Seconds>(settings.tls.client.ticket_rotation).count());
  SSL_CTX* upstreams = upstreams_.get();
  // As browsers have them: the first is the cheapest, in handshakes and with large bodies. Most servers take the client's order.
  SSL_CTX_set_ciphersuites(upstreams, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_session_cache_mode(upstreams, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(upstreams, on_session);
  SSL_CTX_set_client_cert_cb(upstreams, on_certificate_request);
  // The handshake goes on whatever is found: what becomes of it is decided afterwards.
  SSL_CTX_set_verify(upstreams, SSL_VERIFY_PEER, on_verify);
}

std::unique_ptr<TlsGround> TlsGround::load(const Settings& settings, const std::string& file, Mistakes& mistakes) {
  std::unique_ptr<TlsGround> ground(new TlsGround(settings));
  const bool trust = ground->load_trust(file, mistakes);
  const bool identities = ground->load_identities(file, mistakes);
  return ground->open_key_log(file, mistakes) && identities && trust ? std::move(ground) : nullptr;
}

bool TlsGround::open_key_log(const std::string& file, Mistakes& mistakes) {
  const auto asks = [](const TlsRuleSettings& rule) { return rule.key_log; };
  if (std::none_of(settings_.rules.begin(), settings_.rules.end(), asks)) return true;
  auto opened = KeyLog::open(seen_from(file, settings_.key_log));
  if (!opened) {
    mistakes.push_back(mistake_at(file, "tls.key_log", opened.error().text, "a file that the service's user can make, mode 0600"));
    return false;
  }
  key_log_ = std::move(*opened);
  for (SSL_CTX* context : {clients_.get(), upstreams_.get()}) SSL_CTX_set_keylog_callback(context, on_secret);
  return true;
}

bool TlsGround::load_trust(const std::string& file, Mistakes& mistakes) {
  auto mistake = trust(upstreams_.get(), settings_.upstream.trust, file, "tls.upstream.trust");
  if (mistake) mistakes.push_back(std::move(*mistake));
  return !mistake;
}

bool TlsGround::load_identities(const std::string& file, Mistakes& mistakes) {
  const std::size_t before = mistakes.size();
  for (std::size_t i = 0; i < settings_.upstream.certificates.size(); ++i) {
    const ClientCertificateSettings& given = settings_.upstream.certificates[i];
    const std::string path = "tls.upstream.certificates[" + std::to_string(i) + "]";
    Identity identity;
    identity.domains = given.domains;
    auto chain = read_certificates(seen_from(file, given.certificate));
    if (chain.empty()) {
      mistakes.push_back(mistake_at(file, path + ".certificate", why_no_certificates(given.certificate, file),
                                    "a certificate and its issuers (PEM)"));
      continue;
    }
    identity.certificate = chain.front();
    identity.issuers.assign(chain.begin() + 1, chain.end());
    const std::string key_file = seen_from(file, given.key);
    if (readable_by_others(key_file)) {
      mistakes.push_back(mistake_at(file, path + ".key", "\"" + given.key + "\" can be read by others", "mode 0600"));
      continue;
    }
    const File in(BIO_new_file(key_file.c_str(), "r"));
    identity.key = PrivateKey(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, const_cast<char*>("")) : nullptr);
    if (!identity.key || X509_check_private_key(identity.certificate.get(), identity.key.get()) != 1) {
      mistakes.push_back(mistake_at(file, path + ".key", openssl_error(Fault::operator_, "\"" + given.key + '"').text,
                                    "the key of the certificate, without a passphrase"));
      continue;
    }
    identities_.push_back(std::move(identity));
  }
  return mistakes.size() == before;
}

const Identity* TlsGround::identity_for(std::string_view server_name) const {
  const auto fits = [&](const Identity& identity) {
    return identity.domains.empty() ||
           std::any_of(identity.domains.begin(), identity.domains.end(),
                       [&](const std::string& domain) { return covers(domain, server_name); });
  };
  const auto found = std::find_if(identities_.begin(), identities_.end(), fits);
  return found == identities_.end() ? nullptr : &*found;
}

}  // namespace hyalite

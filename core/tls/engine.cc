// Makes TLS connections of plain ones.
// SPDX-License-Identifier: MIT
#include "tls/engine.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>

#include "tls/digest.h"
#include "tls/ground.h"
#include "tls/leaf_source.h"
#include "tls/session_cache.h"
#include "tls/ticket_keys.h"
#include "tls/tls_transport.h"
#include "tls/verification.h"

namespace hyalite {

namespace {

std::string wire_form(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) continue;
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

// Everything that decides which server answers. Whom we trust is the same for the whole engine. A digest, since a client may offer
// protocols by the kilobyte. Empty: nobody knows.
std::string session_key(const UpstreamPlan& plan) {
  if (plan.within_connect && plan.server_name.empty()) return {};
  return hex(sha256_of(plan.server_name + '\0' + plan.address.text() + '\0' + wire_form(plan.alpn)));
}

// Whom a client's session is with: the same for all workers, each of which has leaves of its own.
Digest256 session_context(const ClientPlan& plan) {
  std::string about = (plan.trusted ? "trusted\n" : "untrusted\n") + plan.server_name + '\n';
  if (plan.upstream) about += hex(plan.upstream.digest());
  return sha256_of(about);
}

// Where a connection's secrets go; null: nowhere.
class Secrets : public TlsTransport::Observer {
 public:
  explicit Secrets(const KeyLog* log) : log_(log) {}
  void on_secret(const char* line) final {
    if (log_ != nullptr) (void)log_->write(line);
  }

 private:
  const KeyLog* log_;
};

// Remembers upstream sessions with the verdict that goes with them.
class UpstreamObserver final : public Secrets {
 public:
  UpstreamObserver(SessionCache& cache, std::string key, std::optional<CertificateVerdict> resumed, const KeyLog* log)
      : Secrets(log), cache_(cache), key_(std::move(key)), resumed_(std::move(resumed)) {}

  void on_handshake(SSL* connection, TlsFacts& facts) override {
    if (facts.resumed && resumed_) {
      verdict_ = std::move(*resumed_);
      facts.defects = verdict_.defects;
      facts.defect_text = verdict_.text;
    } else {
      PeerCertificate shown(SSL_get1_peer_certificate(connection));
      if (!shown) return;
      verdict_ = {facts.defects, facts.defect_text, earliest_end(connection), std::move(shown),
                  chain_bytes(connection)};
      // Expired already: its end is no news.
      if (facts.defects.has(Defect::expired)) verdict_.until = WallTime::max();
    }
    facts.verified = true;
    facts.certificate_digest = verdict_.certificate.digest();
    facts.certificate = verdict_.certificate;
    // Whoever resumes is not asked again, and what is decided of those who are asked would be forgotten.
    settled_ = facts.done && !facts.asked_for_certificate;
    // With TLS 1.2 nobody is told of a session that was resumed, nor that its ticket was renewed.
    if (settled_ && facts.resumed && facts.version < TLS1_3_VERSION) early_ = Session(SSL_get1_session(connection));
    // With TLS 1.2 the session comes before the handshake is over.
    if (settled_ && early_) keep(std::move(early_));
  }

  void on_session(SSL_SESSION* session) override {
    if (settled_) {
      keep(Session(session));
    } else {
      early_ = Session(session);
    }
  }

 private:
  void keep(Session session) {
    if (!key_.empty()) cache_.keep(key_, {std::move(session), verdict_});
  }

  SessionCache& cache_;
  std::string key_;
  std::optional<CertificateVerdict> resumed_;
  CertificateVerdict verdict_;
  Session early_;
  bool settled_ = false;
};

// Agrees on what was planned, if the client offers it. A client that offers nothing is asked for nothing.
class ClientObserver final : public Secrets {
 public:
  ClientObserver(std::string alpn, const KeyLog* log) : Secrets(log), alpn_(std::move(alpn)) {}

  void on_handshake(SSL*, TlsFacts&) override {}
  void on_session(SSL_SESSION* session) override { SSL_SESSION_free(session); }

  static int choose(SSL* connection, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    const auto* self = static_cast<const ClientObserver*>(TlsTransport::of(connection).observer());
    for (unsigned at = 0; at < offered_size && !self->alpn_.empty(); at += 1u + offered[at]) {
      const std::string_view one(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
      if (one != self->alpn_) continue;
      *chosen = offered + at + 1;
      *chosen_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

 private:
  const std::string alpn_;
};

class Order final : public LeafOrder {
 public:
  explicit Order(Callback<> ready) : ticket_(callback<&Order::on_leaf>(*this)), ready_(ready) {}

  bool arrived() const override { return leaf_.has_value(); }
  const std::string& failure() const override { return failure_; }
  bool forbidden() const override { return forbidden_; }
  const Leaf& leaf() const { return *leaf_; }
  LeafTicket& ticket() { return ticket_; }

 private:
  void on_leaf(const Result<Leaf>& leaf) {
    if (leaf) {
      leaf_ = *leaf;
    } else {
      failure_ = leaf.error().text;
      forbidden_ = leaf.error().code == kNameNotPermitted;
    }
    ready_();
  }

  LeafTicket ticket_;
  Callback<> ready_;
  std::optional<Leaf> leaf_;
  std::string failure_;
  bool forbidden_ = false;
};

class Engine final : public TlsEngine {
 public:
  Engine(const TlsGround& ground, LeafSource* leaves, unsigned workers, const Clock& clock)
      : ground_(ground),
        leaves_(leaves),
        clock_(clock),
        sessions_((ground.sessions() + workers - 1) / workers),
        tickets_(ground.ticket_secret(), ground.settings().client.ticket_rotation, clock) {
    tickets_.serve(ground.clients());
    SSL_CTX_set_alpn_select_cb(ground.clients(), ClientObserver::choose, nullptr);
  }

  bool has_leaves() const override { return leaves_ != nullptr; }
  bool key_log_full() const override { return ground_.key_log() != nullptr && ground_.key_log()->full(); }

  void over_upstream(std::unique_ptr<Transport>& transport, const UpstreamPlan& plan, TlsFacts& facts) override {
    Connection connection = connect_to(ground_.upstreams());
    SSL* ssl = connection.get();
    SSL_set_connect_state(ssl);
    expect_peer(ssl, plan.server_name, clock_.wall_time());
    if (!plan.server_name.empty() && !IpAddress::parse(plan.server_name)) {
      SSL_set_tlsext_host_name(ssl, plan.server_name.c_str());
    }
    const std::string alpn = wire_form(plan.alpn);
    if (!alpn.empty()) {
      SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(alpn.data()), static_cast<unsigned>(alpn.size()));
    }
    identify(ssl, plan.server_name);
    std::string key = session_key(plan);
    SessionCache::Kept kept = key.empty() ? SessionCache::Kept() : sessions_.take(key, clock_.wall_time());
    std::optional<CertificateVerdict> verdict;
    if (kept.session) {
      SSL_set_session(ssl, kept.session.get());
      verdict = std::move(kept.verdict);
    }
    ERR_clear_error();
    transport = std::make_unique<TlsTransport>(
        std::move(transport), Bytes{}, std::move(connection), scratch_, facts,
        std::make_unique<UpstreamObserver>(sessions_, std::move(key), std::move(verdict), key_log(plan.log_keys)));
  }

  std::unique_ptr<LeafOrder> order_leaf(const ClientPlan& plan, Callback<> ready) override {
    auto order = std::make_unique<Order>(ready);
    LeafWish wish;
    wish.server_name = plan.server_name;
    wish.destination = plan.destination;
    wish.upstream = plan.upstream;
    wish.issuer = plan.trusted ? LeafIssuer::trusted : LeafIssuer::untrusted;
    leaves_->ask(wish, order->ticket());
    return order;
  }

  void over_client(std::unique_ptr<Transport>& transport, Bytes first, const ClientPlan& plan, const LeafOrder& order,
                   TlsFacts& facts) override {
    const Leaf& leaf = static_cast<const Order&>(order).leaf();
    Connection connection = connect_to(ground_.clients());
    SSL* ssl = connection.get();
    SSL_set_accept_state(ssl);
    if (SSL_use_certificate(ssl, leaf.certificate.get()) != 1 || SSL_use_PrivateKey(ssl, leaf.key.get()) != 1) return;
    if (leaf.issuers != nullptr) SSL_set1_chain(ssl, leaf.issuers);
    // A ticket is good as long as the upstream has the same certificate: a client that would be shown another one looks at it.
    const Digest256 about = session_context(plan);
    SSL_set_session_id_context(ssl, about.data(), static_cast<unsigned>(about.size()));
    facts.certificate_digest = leaf.digest;
    ERR_clear_error();
    transport = std::make_unique<TlsTransport>(std::move(transport), first, std::move(connection), scratch_, facts,
                                               std::make_unique<ClientObserver>(plan.alpn, key_log(plan.log_keys)));
  }

 private:
  const KeyLog* key_log(bool wanted) const { return wanted ? ground_.key_log() : nullptr; }

  // Without memory nothing goes on, here as everywhere.
  static Connection connect_to(SSL_CTX* context) {
    Connection connection(SSL_new(context));
    if (!connection) std::abort();
    return connection;
  }

  void identify(SSL* ssl, const std::string& server_name) {
    const Identity* identity = ground_.identity_for(server_name);
    if (identity == nullptr) return;
    SSL_use_certificate(ssl, identity->certificate.get());
    SSL_use_PrivateKey(ssl, identity->key.get());
    for (const Certificate& issuer : identity->issuers) SSL_add1_chain_cert(ssl, issuer.get());
  }

  const TlsGround& ground_;
  LeafSource* leaves_;
  const Clock& clock_;
  SessionCache sessions_;
  TicketKeys tickets_;
  TlsScratch scratch_;
};

}  // namespace

std::unique_ptr<TlsEngine> TlsEngine::make(const TlsGround& ground, LeafSource* leaves, unsigned workers, const Clock& clock) {
  return std::make_unique<Engine>(ground, leaves, workers, clock);
}

}  // namespace hyalite

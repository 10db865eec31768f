// TLS without cryptography: handshakes end as the test says, and what is within is said in the clear.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "tls/engine.h"

namespace hyalite {

// How the handshakes of one connection end.
struct HandshakeEnds {
  bool upstream_fails = false;  // the upstream speaks no TLS
  Defects upstream_defects;     // of its certificate
  bool client_refuses = false;  // the client sends an alert: it does not know the CA
};

// The talk plays both peers itself (Talk::secure); nobody asks this one for a connection.
class HeldTls final : public TlsEngine {
 public:
  bool has_leaves() const override { return true; }
  bool key_log_full() const override { return false; }
  void over_upstream(std::unique_ptr<Transport>&, const UpstreamPlan&, TlsFacts&) override {}
  std::unique_ptr<LeafOrder> order_leaf(const ClientPlan&, Callback<>) override { return nullptr; }
  void over_client(std::unique_ptr<Transport>&, Bytes, const ClientPlan&, const LeafOrder&, TlsFacts&) override {}
};

inline void end_upstream_handshake(const HandshakeEnds& ends, const UpstreamPlan& plan, TlsFacts& facts) {
  facts = {};
  facts.done = !ends.upstream_fails;
  if (!facts.done) {
    facts.failure = HandshakeFailure::not_tls;
    facts.error = "the upstream speaks something else";
    return;
  }
  facts.version = 0x0304;
  facts.cipher = "TLS_AES_128_GCM_SHA256";
  facts.group = "X25519";
  if (!plan.alpn.empty()) facts.alpn = plan.alpn.front();
  facts.verified = true;
  facts.defects = ends.upstream_defects;
  facts.defect_text = names_of(facts.defects);
}

inline void end_client_handshake(const HandshakeEnds& ends, const ClientPlan& plan, TlsFacts& facts) {
  facts = {};
  facts.done = !ends.client_refuses;
  if (!facts.done) {
    facts.failure = HandshakeFailure::alert;
    facts.alert = 48;  // unknown_ca
    facts.error = "the client refused the certificate";
    return;
  }
  facts.version = 0x0304;
  facts.cipher = "TLS_AES_128_GCM_SHA256";
  facts.group = "X25519";
  facts.alpn = plan.alpn;
}

// A ClientHello as a browser sends it, in one record. Empty name: without one. ALPN: "http/1.1", or none when empty.
std::string client_hello(const std::string& server_name, const std::string& alpn);

}  // namespace hyalite

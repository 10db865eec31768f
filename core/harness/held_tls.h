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

// Over transports of held peers (held_peer.h) alone: these say how the handshakes end.
class HeldTls final : public TlsEngine {
 public:
  bool has_leaves() const override { return true; }
  bool key_log_full() const override { return false; }
  void over_upstream(std::unique_ptr<Transport>& transport, const UpstreamPlan& plan, TlsFacts& facts) override;
  std::unique_ptr<LeafOrder> order_leaf(const ClientPlan& plan, Callback<> ready) override;
  void over_client(std::unique_ptr<Transport>& transport, Bytes first, const ClientPlan& plan, const LeafOrder& order,
                   TlsFacts& facts) override;
};

// A ClientHello as a browser sends it, in one record. Empty name: without one. ALPN: "http/1.1", or none when empty.
std::string client_hello(const std::string& server_name, const std::string& alpn);

}  // namespace hyalite

// Makes TLS connections of plain ones: one per worker, for both sides.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "event/callback.h"
#include "net/transport.h"
#include "tls/facts.h"

namespace hyalite {

class LeafSource;
class TlsGround;

// With whom, and what is asked for.
struct UpstreamPlan {
  std::string server_name;  // SNI, and the name that is verified; an address is verified but not sent; empty: neither
  Address address;
  bool within_connect = false;  // which server it is says the CONNECT, and not the address
  std::vector<std::string> alpn;
  bool log_keys = false;  // its secrets go to tls.key_log
};

// What a client is shown.
struct ClientPlan {
  std::string server_name;  // as it asked; may be empty
  IpAddress destination;
  bool trusted = true;       // or a certificate of which it warns
  PeerCertificate upstream;  // whose names are mirrored; empty: a page of our own
  std::string alpn;          // what is agreed on if the client offers it; empty: nothing
  bool log_keys = false;     // its secrets go to tls.key_log
};

// A leaf on its way. Destroyed: nothing is called any more.
class LeafOrder {
 public:
  virtual ~LeafOrder() = default;
  virtual bool arrived() const = 0;
  // Why there will be none; empty as long as there is hope.
  virtual const std::string& failure() const = 0;
  // The CA's name constraints do not permit it.
  virtual bool forbidden() const = 0;
};

class TlsEngine {
 public:
  virtual ~TlsEngine() = default;

  // Is there anybody who makes leaves?
  virtual bool has_leaves() const = 0;
  // Is there no room for more secrets in tls.key_log?
  virtual bool key_log_full() const = 0;
  // Puts TLS over the transport. `facts` outlive it, and say how the handshake ended.
  virtual void over_upstream(std::unique_ptr<Transport>& transport, const UpstreamPlan& plan, TlsFacts& facts) = 0;
  // `ready` is called once, later or before this returns, when the order has arrived or failed.
  virtual std::unique_ptr<LeafOrder> order_leaf(const ClientPlan& plan, Callback<> ready) = 0;
  // For an order that has arrived. `first`: what the client sent already. The transport stays as it was when the leaf cannot
  // be used.
  virtual void over_client(std::unique_ptr<Transport>& transport, Bytes first, const ClientPlan& plan,
                           const LeafOrder& order, TlsFacts& facts) = 0;

  // `leaves` may be null: then no client can be answered. All that is lent outlives the engine, and the engine all its
  // transports. There may be one per process at a time.
  static std::unique_ptr<TlsEngine> make(const TlsGround& ground, LeafSource* leaves, unsigned workers, const Clock& clock);
};

}  // namespace hyalite

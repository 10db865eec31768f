// Where the certificates come from that clients are shown.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "event/callback.h"
#include "event/link.h"
#include "tls/handle.h"
#include "tls/peer_certificate.h"

namespace hyalite {

// Who signs a leaf: the operator's CA, which clients trust; or an issuer that nobody trusts, so
// that a client warns about a defect of the upstream's certificate as if it saw it itself.
enum class LeafIssuer { trusted, untrusted };

// The code of an Error: the CA's name constraints do not permit the names of this leaf.
inline constexpr int kNameNotPermitted = EPERM;

using Sha256 = Digest256;

// For whom a leaf is wanted. Lent for the call.
struct LeafWish {
  // As the client asked for it (SNI), in lower case; empty when it asked for none.
  std::string_view server_name;
  // Where the client was going: what the leaf names when nothing else does.
  IpAddress destination;
  // Whose names are mirrored; empty when there is none, for a page over TLS: then the leaf has the
  // server name alone, or the destination when there is none.
  PeerCertificate upstream;
  LeafIssuer issuer = LeafIssuer::trusted;
};

// A certificate with its key and its issuers, ready for SSL_use_certificate(), SSL_use_PrivateKey()
// and SSL_set1_chain(). Copies share the same objects, which nobody changes.
struct Leaf {
  Certificate certificate;
  PrivateKey key;
  // From the leaf's issuer upwards, without the root, as clients have it: empty when the CA is a
  // root, and null for an untrusted issuer. Lent by the source, which outlives its leaves' users.
  STACK_OF(X509) * issuers = nullptr;
  Sha256 digest{};  // of the certificate's DER
  WallTime not_after{};
};

// A place in line for a leaf, inside whoever waits. Destroyed or cancelled: nothing is called any
// more.
class LeafTicket : private Link {
 public:
  using Answer = Callback<const Result<Leaf>&>;
  explicit LeafTicket(Answer owner) : owner_(owner) {}

  void cancel() { leave(); }
  bool waiting() const { return linked(); }

  // ---- for sources: a Link that heads a list takes tickets in; take_first() lets them out again.
  void wait_in(Link& line) { join(line); }
  static LeafTicket* first_in(Link& line) {
    return line.empty() ? nullptr : static_cast<LeafTicket*>(line.first());
  }
  // Leaves the line, then calls. The ticket may be gone afterwards.
  void answer(const Result<Leaf>& leaf) {
    leave();
    owner_(leaf);
  }

 private:
  Answer owner_;
};

// One per worker, on its loop; outlives everybody who asks.
class LeafSource {
 public:
  virtual ~LeafSource() = default;
  // The ticket is answered once: before this returns when the leaf is at hand, else later on the
  // loop, at the latest when the source gives up waiting for the signer. An error is ours, or the
  // upstream's when its certificate has nothing that could be mirrored.
  virtual void ask(const LeafWish& wish, LeafTicket& ticket) = 0;
};

}  // namespace hyalite

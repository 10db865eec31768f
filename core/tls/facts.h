// What is known of one TLS connection: plain values, for whoever decides, records or explains.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "tls/peer_certificate.h"

namespace hyalite {

// What may be wrong with a server's certificate. The order is the order of the counters.
enum class Defect : std::uint8_t {
  wrong_name,      // it does not name the server that the client asked for
  expired,         // it, or one of its issuers
  not_yet_valid,   // it, or one of its issuers
  self_signed,     // it is its own issuer, and nobody here trusts it
  unknown_issuer,  // the chain ends in a root that nobody here trusts
  missing_issuer,  // the chain has a gap: an intermediate was not sent, or its issuer is not trusted
  other,           // anything else: weak keys, wrong usages, broken signatures, constraints
  count_
};
inline constexpr std::size_t kDefects = static_cast<std::size_t>(Defect::count_);
// As in the settings: "wrong_name".
std::string_view name_of(Defect defect);

// A set of defects.
class Defects {
 public:
  void add(Defect defect) { bits_ |= bit(defect); }
  bool has(Defect defect) const { return (bits_ & bit(defect)) != 0; }
  bool empty() const { return bits_ == 0; }
  std::uint32_t bits() const { return bits_; }
  bool meets(const Defects& others) const { return (bits_ & others.bits_) != 0; }

 private:
  static std::uint32_t bit(Defect defect) { return 1u << static_cast<unsigned>(defect); }
  std::uint32_t bits_ = 0;
};
// "wrong_name expired"; empty when there is none.
std::string names_of(const Defects& defects);

// Why a handshake did not come to its end.
enum class HandshakeFailure : std::uint8_t {
  none,          // it did, or is still under way
  not_tls,       // the peer speaks something else
  alert,         // the peer refused with an alert: see `alert`
  peer_left,     // the peer closed or reset the connection
  unacceptable,  // we refused: no version or cipher in common, malformed messages
  no_leaf,       // there was no certificate to show
  forbidden,     // the CA's name constraints do not permit a certificate for it
};
std::string_view name_of(HandshakeFailure failure);

// One side's connection. Empty strings and zeroes: not known (yet).
struct TlsFacts {
  std::uint16_t version = 0;  // as on the wire: 0x0304 is TLS 1.3
  std::string cipher;         // as IANA calls it
  std::string group;          // of the key agreement
  std::string alpn;           // what was agreed on
  bool resumed = false;
  bool done = false;  // the handshake ended well

  // How it failed, if it did.
  HandshakeFailure failure = HandshakeFailure::none;
  std::uint8_t alert = 0;  // the peer's (RFC 8446, section 6.2)
  std::string error;       // for a person

  // The certificate that was shown: upstream's own, or the leaf that our client got.
  Digest256 certificate_digest{};
  PeerCertificate certificate;  // upstream's, while somebody may still ask for it

  // ---- of an upstream only
  bool verified = false;  // its certificate was looked at
  Defects defects;
  std::string defect_text;          // for a person: what is wrong, one sentence; empty when nothing is
  bool asked_for_certificate = false;  // it wants to know who the client is, and nothing was configured for it
};

// "TLSv1.3"; "TLS 0x1234" for what has no name.
std::string version_text(std::uint16_t version);
// What a person calls an alert: "unknown_ca"; "alert 123" for what has no name.
std::string alert_text(std::uint8_t alert);

}  // namespace hyalite

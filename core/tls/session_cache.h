// Sessions of upstreams that can be resumed, with what is known of their certificates.
// SPDX-License-Identifier: MIT
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "tls/facts.h"
#include "tls/handle.h"

namespace hyalite {

using Session = Shared<SSL_SESSION, SSL_SESSION_up_ref, SSL_SESSION_free>;

// A verdict on a certificate, which a resumed session has to bring along: the certificate is not sent again.
struct CertificateVerdict {
  Defects defects;
  std::string text;
  WallTime until{};  // the earliest end of any certificate in the chain: the verdict holds until then
  PeerCertificate certificate{};  // on which it was passed; its digest is known already
  std::size_t chain_bytes = 0;    // of all certificates that were shown, as they were sent
};

// A session whose certificates and ticket together are larger is not kept. In memory a certificate takes up to seven times as much as
// on the wire.
inline constexpr std::size_t kMostSessionBytes = 16 * 1024;
// What a session of usual size takes in memory at most. A larger one counts as several, so that it is bounded in bytes what all hold.
inline constexpr std::size_t kUsualSessionBytes = 32 * 1024;

// The least recently used go first. A session is given out once (RFC 8446, appendix C.4).
class SessionCache {
 public:
  struct Kept {
    Session session;
    CertificateVerdict verdict;
  };

  // At most `most` sessions of usual size; 0: none are kept.
  explicit SessionCache(std::size_t most) : most_(most) {}

  // `key`: everything that decides which server it is and whether it is trusted.
  void keep(std::string_view key, Kept kept);
  // The newest; without one, or after the verdict's end, an empty session.
  Kept take(std::string_view key, WallTime now);
  std::size_t size() const { return order_.size(); }

 private:
  struct Entry {
    std::string key;
    Kept kept;
    std::size_t weight;  // as how many it counts
  };
  using Place = std::list<Entry>::iterator;
  void forget(Place place);

  std::size_t most_;
  std::size_t weight_ = 0;  // of all
  std::list<Entry> order_;  // the newest first
  std::unordered_map<std::string, std::vector<Place>> by_key_;
};

}  // namespace hyalite

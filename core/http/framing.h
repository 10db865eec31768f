// Where the body of a message ends (RFC 9112, section 6.3), or that this is in doubt and refused.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "http/message.h"
#include "http/refusal.h"

namespace hyalite {

struct Framing {
  enum class Kind : std::uint8_t {
    none,    // the message ends with its head
    length,  // after `length` bytes, at least one
    chunked,
    until_close,  // responses only
    tunnel,  // responses only: behind the head it is another protocol (101, 2xx to CONNECT)
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // with Kind::length; otherwise 0
  // It may be framed, but neither a byte of content nor a trailer may come: a 205 (RFC 9110, section 15.3.6). Some clients do not read even
  // the framing, so nothing may follow it.
  bool empty = false;

  bool has_body() const {
    return kind == Kind::length || kind == Kind::chunked || kind == Kind::until_close;
  }
  bool operator==(const Framing&) const = default;
};

// What the reader of a response must know of the request that it answers, as it was sent upstream:
// see asked_by().
struct Asked {
  bool by_head = false;     // HEAD: no body, whatever the head says
  bool by_connect = false;  // CONNECT: 2xx opens a tunnel
  unsigned minor_version = 1;
  // Upgrade's value when a switch was asked for, else empty; lives as long as the request's bytes.
  Bytes upgrade = {};
  // The request was sent to its end: no switch of protocols may come earlier. asked_by() says true
  // exactly when the request has no body; from there it is the caller's to keep.
  bool complete = true;
};

// What may be decided about the head as a whole once its lines are known to be well-formed: Host,
// Content-Length, Transfer-Encoding, Connection, Upgrade, Expect, and what the status or the method
// allows. nullopt = nothing is wrong.
std::optional<Refusal> check_framing(const RequestHead& head);
std::optional<Refusal> check_framing(const ResponseHead& head, const Asked& asked);

// Only for heads that check_framing() found well.
Framing framing_of(const RequestHead& head);
Framing framing_of(const ResponseHead& head, const Asked& asked);

// What the fields alone say about the length, whatever method and status make of it.
struct DeclaredLength {
  bool chunked = false;
  std::optional<std::uint64_t> length;
};
DeclaredLength declared_length(const Head& head);

}  // namespace hyalite

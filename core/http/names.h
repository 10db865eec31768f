// Names of fields: the well-known ones as small numbers, and what a name or a value may be made of.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace hyalite {

// The names that some part of Hyalite, or many a plugin, asks for. `other` is every name that is
// not here.
enum class Name : std::uint8_t {
  other,
  // Framing and the connection: these belong to the host, see is_framing_field().
  connection,
  content_length,
  keep_alive,
  proxy_connection,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  // The rest, in the order of the alphabet.
  accept,
  accept_encoding,
  accept_language,
  age,
  authorization,
  cache_control,
  content_disposition,
  content_encoding,
  content_language,
  content_location,
  content_range,
  content_type,
  cookie,
  date,
  etag,
  expect,
  expires,
  forwarded,
  host,
  http2_settings,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  last_modified,
  location,
  max_forwards,
  origin,
  pragma,
  proxy_authenticate,
  proxy_authorization,
  range,
  referer,
  retry_after,
  sec_websocket_accept,
  sec_websocket_extensions,
  sec_websocket_key,
  sec_websocket_protocol,
  sec_websocket_version,
  server,
  set_cookie,
  strict_transport_security,
  user_agent,
  vary,
  via,
  www_authenticate,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
};

inline constexpr std::size_t kNames = static_cast<std::size_t>(Name::x_forwarded_proto) + 1;

// The usual spelling, e.g. "Content-Length"; empty for `other`.
Bytes text_of(Name name);
// Case does not matter.
Name name_of(Bytes name);
// Equal for names that differ only in case. The same in every process and on every machine.
std::uint32_t hash_of_name(Bytes name);
// The same when the hash is known already.
Name name_of(Bytes name, std::uint32_t hash);

// Content-Length, Transfer-Encoding, Connection, TE, Trailer, Upgrade, Keep-Alive,
// Proxy-Connection: the host decides them from what is done with the body; a plugin may read but
// not change them.
constexpr bool is_framing_field(Name name) { return name >= Name::connection && name <= Name::upgrade; }
inline bool is_framing_field(Bytes name) { return is_framing_field(name_of(name)); }

// Content_Length and the like: no framing field, but some that read the message further on take `_`
// and `-` for the same.
bool is_lookalike(Bytes name);

// May a trailer section carry it? Not framing, routing, authentication, control or the content's
// format (RFC 9110, section 6.5.1).
bool may_be_trailer(Name name);

// RFC 9110, 5.6.2: one or more of the characters that methods and field names are made of.
bool is_token(Bytes text);
// RFC 9110, 5.5: no control characters but HTAB, no white space at either end; may be empty.
// 0x80-0xff may be there.
bool is_field_value(Bytes text);

}  // namespace hyalite

// Names of fields: the well-known ones as small numbers, and what a name or a value may be made of.
// SPDX-License-Identifier: MIT
#include "http/names.h"

#include <array>

#include "base/text.h"
#include "http/characters.h"

namespace hyalite {

namespace {

// In the order of Name.
constexpr std::array<Bytes, kNames> kTexts = {
    "",
    "Connection",
    "Content-Length",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Age",
    "Authorization",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "ETag",
    "Expect",
    "Expires",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Last-Modified",
    "Location",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "Retry-After",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Server",
    "Set-Cookie",
    "Strict-Transport-Security",
    "User-Agent",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
};

// FNV-1a over the lower case.
constexpr std::uint32_t hash(Bytes name) {
  std::uint32_t value = kNameHashStart;
  for (char c : name) value = add_to_name_hash(value, static_cast<std::uint8_t>(lower(c)));
  return value;
}

// Open addressing, a quarter full: a name that is not there is usually known from one look.
constexpr std::size_t kSlots = 256;
constexpr std::size_t slot_of(std::uint32_t hash) { return (hash ^ (hash >> 16)) % kSlots; }

constexpr std::array<Name, kSlots> make_slots() {
  std::array<Name, kSlots> slots{};
  for (std::size_t i = 1; i < kNames; ++i) {
    std::size_t at = slot_of(hash(kTexts[i]));
    while (slots[at] != Name::other) at = (at + 1) % kSlots;
    slots[at] = static_cast<Name>(i);
  }
  return slots;
}

constexpr std::array<Name, kSlots> kByHash = make_slots();

}  // namespace

Bytes text_of(Name name) { return kTexts[static_cast<std::size_t>(name)]; }

std::uint32_t hash_of_name(Bytes name) { return hash(name); }

Name name_of(Bytes name) { return name_of(name, hash(name)); }

Name name_of(Bytes name, std::uint32_t hash) {
  for (std::size_t at = slot_of(hash); kByHash[at] != Name::other; at = (at + 1) % kSlots) {
    if (equals_ignoring_case(text_of(kByHash[at]), name)) return kByHash[at];
  }
  return Name::other;
}

bool is_framing_field(Name name) { return name >= Name::connection && name <= Name::upgrade; }

bool is_lookalike(Bytes name) {
  const auto same = [&](Bytes framing) {
    if (name.size() != framing.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (lower(name[i] == '_' ? '-' : name[i]) != lower(framing[i])) return false;
    }
    return true;
  };
  return (same(text_of(Name::content_length)) || same(text_of(Name::transfer_encoding))) &&
         name.find('_') != Bytes::npos;
}

bool may_be_trailer(Name name) {
  switch (name) {
    case Name::authorization:
    case Name::cache_control:
    case Name::content_encoding:
    case Name::content_range:
    case Name::content_type:
    case Name::cookie:
    case Name::expect:
    case Name::host:
    case Name::http2_settings:
    case Name::location:
    case Name::max_forwards:
    case Name::proxy_authenticate:
    case Name::proxy_authorization:
    case Name::range:
    case Name::set_cookie:
    case Name::www_authenticate: return false;
    default: return !is_framing_field(name);
  }
}

bool is_token(Bytes text) { return !text.empty() && is_all(kTokenCharacter, text); }

bool is_field_value(Bytes text) {
  return run_of_values(text) == text.size() && trim(text).size() == text.size();
}

}  // namespace hyalite

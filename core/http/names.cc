// Names of fields: the well-known ones as small numbers, and what a name or a value may be made of.
// SPDX-License-Identifier: MIT
#include "http/names.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

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

// The first `Size` bytes as a number, each with the bit that tells small letters from capitals.
template <std::size_t Size>
constexpr std::uint64_t folded(const char* at) {
  std::uint64_t word = 0;
  if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
    for (std::size_t i = 0; i < Size; ++i) word |= std::uint64_t{static_cast<unsigned char>(at[i])} << 8 * i;
  } else {
    std::memcpy(&word, at, Size);
  }
  return word | 0x2020202020202020U;
}

template <std::size_t Size>
constexpr std::uint64_t both_ends(Bytes name) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;  // 2^64 over the golden ratio
  return (folded<Size>(name.data()) * kOdd ^ folded<Size>(name.data() + name.size() - Size)) * kOdd;
}

// Its length and its two ends: what lies between tells no two well-known names apart, and whoever finds a hash compares the name.
constexpr std::uint32_t hash(Bytes name) {
  const std::uint64_t ends = name.size() >= 8   ? both_ends<8>(name)
                             : name.size() >= 4 ? both_ends<4>(name)
                             : name.size() >= 2 ? both_ends<2>(name)
                             : name.size() == 1 ? both_ends<1>(name)
                                                : 0;
  return static_cast<std::uint32_t>(ends >> 32) + static_cast<std::uint32_t>(name.size());
}

// As most write it; false says nothing yet.
bool is_usual(Bytes text, Bytes usual) {
  const auto same = [&](std::size_t at, auto word) {
    auto other = word;
    std::memcpy(&word, text.data() + at, sizeof word);
    std::memcpy(&other, usual.data() + at, sizeof other);
    return word == other;
  };
  const std::size_t size = usual.size();
  if (size > 16) return text == usual;
  if (size >= 8) return same(0, std::uint64_t{}) && same(size - 8, std::uint64_t{});
  return size >= 4 && same(0, std::uint32_t{}) && same(size - 4, std::uint32_t{});
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
    const Bytes usual = kTexts[static_cast<std::size_t>(kByHash[at])];
    if (usual.size() != name.size()) continue;
    if (is_usual(name, usual) || same_ignoring_case(usual.data(), name.data(), name.size())) return kByHash[at];
  }
  return Name::other;
}

bool is_lookalike(Bytes name) {
  constexpr Bytes kLength = kTexts[static_cast<std::size_t>(Name::content_length)];
  constexpr Bytes kCoding = kTexts[static_cast<std::size_t>(Name::transfer_encoding)];
  const auto same = [&](Bytes framing) {
    if (name.size() != framing.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (lower(name[i] == '_' ? '-' : name[i]) != lower(framing[i])) return false;
    }
    return true;
  };
  return (same(kLength) || same(kCoding)) && name.find('_') != Bytes::npos;
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

// Our values as the ABI's, and back.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"

namespace hyalite {

inline hyalite_bytes abi(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(hyalite_bytes bytes) { return {bytes.data, bytes.size}; }

inline hyalite_address abi(const Address& address) {
  hyalite_address out{};
  out.family = address.ip.is_v4() ? 4 : 6;
  out.port = address.port;
  const std::string_view bytes = address.ip.bytes();
  std::memcpy(out.bytes, bytes.data(), bytes.size());
  return out;
}

// Nothing when it is no address to connect to.
inline std::optional<Address> address_of(const hyalite_address& from) {
  if (from.port == 0 || from.reserved != 0 || from.zone != 0) return std::nullopt;
  Address out;
  out.port = from.port;
  if (from.family == 4) {
    in_addr four{};
    std::memcpy(&four, from.bytes, sizeof four);
    out.ip = IpAddress::v4(four);
  } else if (from.family == 6) {
    in6_addr six{};
    std::memcpy(&six, from.bytes, sizeof six);
    out.ip = IpAddress::v6(six);
  } else {
    return std::nullopt;
  }
  if (out.ip.is_unspecified()) return std::nullopt;
  return out;
}

inline std::int64_t nanoseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// Reads a struct that a plugin gives, which begins with its uint32_t size: what it lacks is zero.
// Extra bytes that are not zero, and what is reserved, ask for something that this host does not know:
// E_UNSUPPORTED, never ignored.
template <class T>
hyalite_status read_struct(const T* from, T& out) {
  if (from == nullptr) return HYALITE_E_INVALID;
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size < sizeof size) return HYALITE_E_INVALID;
  out = T{};
  std::memcpy(&out, from, std::min<std::size_t>(size, sizeof(T)));
  const char* bytes = reinterpret_cast<const char*>(from);
  for (std::size_t i = sizeof(T); i < size; ++i) {
    if (bytes[i] != 0) return HYALITE_E_UNSUPPORTED;
  }
  if constexpr (requires { out.reserved; }) {
    if (out.reserved != 0) return HYALITE_E_UNSUPPORTED;
  }
  return HYALITE_OK;
}

// Fills in a struct of a plugin's, as much of it as that plugin knows: `to.size` says how much, and afterwards how much was filled in.
template <class T>
void write_struct(T from, T& to) {
  from.size = static_cast<std::uint32_t>(std::min<std::size_t>(to.size, sizeof(T)));
  std::memcpy(&to, &from, from.size);
}

}  // namespace hyalite

// Makes TLS ClientHellos, right and wrong ones.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hyalite {

inline std::string u8(std::size_t n) { return std::string(1, static_cast<char>(n)); }
inline std::string u16(std::size_t n) { return u8(n >> 8) + u8(n); }
inline std::string u24(std::size_t n) { return u8(n >> 16) + u16(n); }
inline std::string vector8(std::string_view body) { return u8(body.size()) + std::string(body); }
inline std::string vector16(std::string_view body) { return u16(body.size()) + std::string(body); }
inline std::string numbers(std::initializer_list<std::uint16_t> list) {
  std::string all;
  for (const std::uint16_t one : list) all += u16(one);
  return all;
}

// A ClientHello as a browser sends it; change what the test is about. Extensions stand in the order
// they are added in.
struct ClientHelloBuilder {
  std::uint16_t legacy_version = 0x0303;
  std::string session_id = std::string(32, 's');
  std::string cipher_suites = numbers({0x1301, 0x1302, 0xc02f});
  std::string compression_methods = std::string(1, '\0');
  std::string extensions;
  bool without_extensions = false;

  ClientHelloBuilder& extension(std::uint16_t id, std::string_view body) {
    extensions += u16(id) + vector16(body);
    return *this;
  }
  ClientHelloBuilder& server_name(std::string_view name) {
    return extension(0, vector16(u8(0) + vector16(name)));
  }
  ClientHelloBuilder& alpn(std::initializer_list<std::string_view> protocols) {
    std::string list;
    for (const auto one : protocols) list += vector8(one);
    return extension(16, vector16(list));
  }
  ClientHelloBuilder& supported_versions(std::initializer_list<std::uint16_t> versions) {
    return extension(43, vector8(numbers(versions)));
  }

  // The handshake message.
  std::string message() const {
    std::string body = u16(legacy_version) + std::string(32, 'r') + vector8(session_id) +
                       vector16(cipher_suites) + vector8(compression_methods);
    if (!without_extensions) body += vector16(extensions);
    return u8(1) + u24(body.size()) + body;
  }
  // On the wire: in records of at most `piece` bytes.
  std::string records(std::size_t piece = 16384) const { return records_of(message(), piece); }

  static std::string records_of(std::string_view message, std::size_t piece = 16384) {
    std::string all;
    for (; !message.empty(); message.remove_prefix(std::min(piece, message.size()))) {
      all += u8(22) + u16(0x0301) + vector16(message.substr(0, piece));
    }
    return all;
  }
};

}  // namespace hyalite

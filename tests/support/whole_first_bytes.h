// What a client speaks, as sniff/protocol.h defines it: of all its bytes at once, each time anew. What looks at each byte once has
// to say the same.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "base/text.h"
#include "sniff/protocol.h"

namespace hyalite::whole {

inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r'; }
inline bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) || c == 0x7f; }
inline bool has_version(Bytes text) { return to_lower(text).find("http/") != std::string::npos; }

inline bool looks_like_request(Bytes rest) {
  if (has_version(rest)) return true;
  const auto begin = std::find_if_not(rest.begin(), rest.end(), is_space);
  const Bytes target(begin, std::find_if(begin, rest.end(), is_space));
  return target.starts_with('/') || target.starts_with('*') || target.find("://") != Bytes::npos;
}

inline bool is_git_service(Bytes word) {
  return word.size() > 8 && word.find_first_not_of("0123456789abcdef") >= 4 && word.substr(4, 4) == "git-";
}

inline ClientSpeaks git(Bytes rest, bool complete) {
  const std::size_t nul = rest.find('\0');
  if (has_version(rest.substr(0, nul))) return ClientSpeaks::http1;
  if (nul != Bytes::npos) return ClientSpeaks::other;
  if (!complete) return ClientSpeaks::need_more;
  return looks_like_request(rest) ? ClientSpeaks::http1 : ClientSpeaks::other;
}

inline ClientSpeaks line(Bytes text, bool complete) {
  const Bytes word(text.begin(), std::find_if(text.begin(), text.end(), is_space));
  const Bytes rest = text.substr(word.size());
  if (std::any_of(word.begin(), word.end(), is_control)) return ClientSpeaks::other;
  const ClientSpeaks undecided = complete ? ClientSpeaks::other : ClientSpeaks::need_more;
  if (rest.empty() || rest == "\r") return undecided;
  if (is_git_service(word)) return git(rest, complete);
  return is_known_method(word) || looks_like_request(rest) ? ClientSpeaks::http1 : undecided;
}

// `other`: it begins like neither a record nor an old hello.
inline ClientSpeaks binary(Bytes first) {
  const auto kind = static_cast<unsigned char>(first[0]);
  if (kind >= 0x14 && kind <= 0x18) {
    if (first.size() == 1) return ClientSpeaks::need_more;
    if (first[1] == 0x03) return ClientSpeaks::tls;
    // Any other version: by its length and the byte behind it.
    if (kind != 0x15 && kind != 0x16) return ClientSpeaks::other;
    if (first.size() < 6) return ClientSpeaks::need_more;
    if (first[5] != 1) return ClientSpeaks::other;
    const std::uint8_t high = static_cast<std::uint8_t>(first[3]), low = static_cast<std::uint8_t>(first[4]);
    if (kind == 0x15) return high == 0 && low == 2 ? ClientSpeaks::tls : ClientSpeaks::other;
    return (high != 0 || low != 0) && (high < 0x48 || (high == 0x48 && low == 0)) ? ClientSpeaks::tls : ClientSpeaks::other;
  }
  constexpr Bytes kHello("\x01\x03", 2);
  if (kind < 0x80) return ClientSpeaks::other;
  const Bytes told = first.substr(std::min<std::size_t>(first.size(), 2), kHello.size());
  if (!kHello.starts_with(told)) return ClientSpeaks::other;
  return told.size() == kHello.size() ? ClientSpeaks::tls : ClientSpeaks::need_more;
}

inline ClientSpeaks all(Bytes first) {
  constexpr Bytes kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const ClientSpeaks told = first.empty() ? ClientSpeaks::other : binary(first);
  if (told != ClientSpeaks::other) return told;
  if (first.starts_with(kPreface)) return ClientSpeaks::http2_preface;
  if (kPreface.starts_with(first)) return ClientSpeaks::need_more;
  const std::size_t begin = first.find_first_not_of(" \t\r\n");
  if (begin == Bytes::npos) return ClientSpeaks::need_more;
  const std::size_t end = first.find('\n', begin);
  return line(first.substr(begin, end - begin), end != Bytes::npos);
}

inline ClientSpeaks sniff_client(Bytes first, std::size_t limit) {
  const ClientSpeaks answer = all(first.substr(0, limit));
  return answer == ClientSpeaks::need_more && first.size() > limit ? ClientSpeaks::http1 : answer;
}

}  // namespace hyalite::whole

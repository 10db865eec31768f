// What each byte may be part of, as one table.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace hyalite {

enum CharacterClass : std::uint8_t {
  kTokenCharacter = 1,   // RFC 9110, 5.6.2
  kValueCharacter = 2,   // HTAB, SP, 0x21-0x7e, 0x80-0xff
  kTargetCharacter = 4,  // 0x21-0x7e, 0x80-0xff
  kHostCharacter = 8,    // reg-name of RFC 3986 without '%' and ','
  kHexDigit = 16,
  kQuotedCharacter = 32,  // within quotes: kValueCharacter without '"' and '\'
};

constexpr std::array<std::uint8_t, 256> character_table() {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&](std::string_view characters, unsigned bits) {
    for (char c : characters) {
      const auto at = static_cast<unsigned char>(c);
      table[at] = static_cast<std::uint8_t>(table[at] | bits);
    }
  };
  for (unsigned c = 0; c < 256; ++c) {
    if (c >= 0x21 && c != 0x7f) table[c] = kValueCharacter | kTargetCharacter | kQuotedCharacter;
  }
  mark(" \t", kValueCharacter | kQuotedCharacter);
  mark("0123456789", kTokenCharacter | kHostCharacter | kHexDigit);
  mark("abcdefABCDEF", kTokenCharacter | kHostCharacter | kHexDigit);
  mark("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ", kTokenCharacter | kHostCharacter);
  mark("!#$%&'*+-.^_`|~", kTokenCharacter);
  mark("-._~!$&'()*+;=", kHostCharacter);
  table['"'] = kValueCharacter | kTargetCharacter;
  table['\\'] = kValueCharacter | kTargetCharacter;
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharacters = character_table();

constexpr bool is_in(char c, CharacterClass wanted) {
  return (kCharacters[static_cast<unsigned char>(c)] & wanted) != 0;
}

// How many bytes at the start of `text` are of that class.
constexpr std::size_t run_of(CharacterClass wanted, Bytes text) {
  std::size_t n = 0;
  while (n < text.size() && is_in(text[n], wanted)) ++n;
  return n;
}

constexpr bool is_all(CharacterClass wanted, Bytes text) {
  return run_of(wanted, text) == text.size();
}

// Of names: FNV-1a, whatever their case.
inline constexpr std::uint32_t kNameHashStart = 2'166'136'261U;
constexpr std::uint32_t add_to_name_hash(std::uint32_t hash, std::uint8_t lower_case) {
  return (hash ^ lower_case) * 16'777'619U;
}

// Each token character in lower case; 0 for what is none.
constexpr std::array<std::uint8_t, 256> token_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool upper = c >= 'A' && c <= 'Z';
    if ((kCharacters[c] & kTokenCharacter) != 0) table[c] = static_cast<std::uint8_t>(upper ? c + 32 : c);
  }
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kLowerTokens = token_table();

// run_of(kTokenCharacter, text), and the hash_of_name() of that run: one look at each byte.
inline std::size_t run_of_name(Bytes text, std::uint32_t& hash) {
  std::uint32_t so_far = kNameHashStart;
  std::size_t n = 0;
  for (; n < text.size(); ++n) {
    const std::uint8_t c = kLowerTokens[static_cast<unsigned char>(text[n])];
    if (c == 0) break;
    so_far = add_to_name_hash(so_far, c);
  }
  hash = so_far;
  return n;
}

// run_of(kValueCharacter, text), eight bytes at a time: most bytes of a head go through here.
inline std::size_t run_of_values(Bytes text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kTops = 0x8080808080808080U;
  std::size_t n = 0;
  for (; n + sizeof(std::uint64_t) <= text.size(); n += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + n, sizeof word);
    const std::uint64_t off_delete = word ^ (kOnes * 0x7f);
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kTops;
    const std::uint64_t is_delete = (off_delete - kOnes) & ~off_delete & kTops;
    if ((below_space | is_delete) == 0) continue;
    // A control character, or only HTAB.
    const std::size_t fine = run_of(kValueCharacter, text.substr(n, sizeof word));
    if (fine < sizeof word) return n + fine;
  }
  return n + run_of(kValueCharacter, text.substr(n));
}

}  // namespace hyalite

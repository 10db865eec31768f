// What each byte may be part of, as one table.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
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

// run_of(kTokenCharacter, text) where the text is known to hold one that is none.
inline std::size_t run_of_name(const char* text) {
  std::size_t n = 0;
  while (is_in(text[n], kTokenCharacter)) ++n;
  return n;
}

// run_of(kValueCharacter, text), eight bytes at a time: most bytes of a head go through here.
inline std::size_t run_of_values(Bytes text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kTops = 0x80 * kOnes;
  constexpr bool kFirstIsLowest = std::endian::native == std::endian::little;
  std::size_t n = 0;
  while (n + sizeof(std::uint64_t) <= text.size()) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + n, sizeof word);
    const std::uint64_t off_delete = word ^ (kOnes * 0x7f);
    // The lowest bit that is set is right; above it, a borrow may have set others.
    const std::uint64_t found = (((word - kOnes * 0x20) & ~word) | ((off_delete - kOnes) & ~off_delete)) & kTops;
    if (found == 0) {
      n += sizeof word;
      continue;
    }
    if (!kFirstIsLowest) break;
    n += static_cast<std::size_t>(std::countr_zero(found)) / 8;
    if (text[n] != '\t') return n;
    ++n;
  }
  return n + run_of(kValueCharacter, text.substr(n));
}

}  // namespace hyalite

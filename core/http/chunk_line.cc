// The line in front of a chunk: its size and its extensions (RFC 9112, section 7.1).
// SPDX-License-Identifier: MIT
#include "http/chunk_line.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostDigits = 16;

unsigned digit_value(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : lower(c) - 'a' + 10);
}

// Takes a quoted-string off the front (RFC 9110, 5.6.4).
bool take_quoted(Bytes& rest) {
  rest.remove_prefix(1);
  while (true) {
    rest.remove_prefix(run_of(kQuotedCharacter, rest));
    if (rest.empty()) return false;
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c == '"') return true;
    if (c != '\\' || rest.empty() || !is_in(rest[0], kValueCharacter)) return false;
    rest.remove_prefix(1);
  }
}

bool take_token(Bytes& rest) {
  const std::size_t length = run_of(kTokenCharacter, rest);
  rest.remove_prefix(length);
  return length > 0;
}

// Takes `what` off the front, with the white space around it; without it, nothing.
bool take_with_blanks(char what, Bytes& rest) {
  constexpr Bytes kBlanks = " \t";
  const std::size_t at = rest.find_first_not_of(kBlanks);
  if (at == Bytes::npos || rest[at] != what) return false;
  const std::size_t after = rest.find_first_not_of(kBlanks, at + 1);
  rest.remove_prefix(std::min(after, rest.size()));
  return true;
}

bool are_extensions(Bytes rest) {
  while (!rest.empty()) {
    if (!take_with_blanks(';', rest) || !take_token(rest)) return false;
    if (!take_with_blanks('=', rest)) continue;
    const bool quoted = !rest.empty() && rest[0] == '"';
    if (!(quoted ? take_quoted(rest) : take_token(rest))) return false;
  }
  return true;
}

}  // namespace

std::optional<Refusal> parse_chunk_line(Bytes line, ChunkLine& out) {
  const std::size_t fine = run_of(kValueCharacter, line);
  if (fine < line.size()) {
    if (line[fine] == '\r') return Refusal::bare_cr;
    return line[fine] == '\0' ? Refusal::nul_byte : Refusal::control_character;
  }
  out.digits = run_of(kHexDigit, line);
  if (out.digits == 0) return Refusal::bad_chunk_size;
  if (out.digits > kMostDigits) return Refusal::chunk_size_overflow;
  out.size = 0;
  for (char c : line.substr(0, out.digits)) out.size = out.size * 16 + digit_value(c);
  if (out.size > INT64_MAX) return Refusal::chunk_size_overflow;
  const Bytes rest = line.substr(out.digits);
  Bytes behind = rest;
  if (!rest.empty() && !take_with_blanks(';', behind)) return Refusal::bad_chunk_size;
  return are_extensions(rest) ? std::nullopt : std::optional(Refusal::bad_chunk_extension);
}

}  // namespace hyalite

// Small questions about text: trim, compare, numbers.
// SPDX-License-Identifier: MIT
#include "base/text.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace hyalite {

namespace {

std::uint64_t word_at(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Eight letters at once; what is not ASCII stays.
std::uint64_t lower_word(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kTops = 0x80 * kOnes;
  const std::uint64_t seven_bits = word & ~kTops;
  const std::uint64_t from_a = seven_bits + (0x80 - 'A') * kOnes, behind_z = seven_bits + (0x80 - 'Z' - 1) * kOnes;
  return word | ((from_a & ~behind_z & ~word & kTops) >> 2);
}

bool is_same(std::uint64_t a, std::uint64_t b) {
  // Most are written as usual.
  return a == b || lower_word(a) == lower_word(b);
}

}  // namespace

bool same_ignoring_case(const char* a, const char* b, std::size_t size) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (size < kWord) return std::equal(a, a + size, b, [](char x, char y) { return x == y || lower(x) == lower(y); });
  for (std::size_t at = 0; at + kWord < size; at += kWord) {
    if (!is_same(word_at(a + at), word_at(b + at))) return false;
  }
  return is_same(word_at(a + size - kWord), word_at(b + size - kWord));
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string single_spaced(std::string_view text) {
  std::string result;
  for (const char c : trim(text)) {
    const bool white = c == ' ' || c == '\t';
    if (!white || result.back() != ' ') result += white ? ' ' : c;
  }
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0;;) {
    const auto end = text.find(separator, at);
    pieces.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return pieces;
    at = end + 1;
  }
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

namespace {

// Edits (insert, delete, replace) from one word to the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

// How many bytes the UTF-8 sequence at the start of `text` has, 0 when it is none (RFC 3629).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

constexpr char kHex[] = "0123456789abcdef";

}  // namespace

std::string_view did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (std::string_view candidate : known) {
    const std::size_t d = distance(name, candidate);
    if (d < best_distance && d < candidate.size()) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (c < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += {kHex[c >> 4], kHex[c & 15]};
    } else if (const std::size_t length = utf8_sequence(text.substr(at)); length > 0) {
      out += text.substr(at, length);
      at += length;
      continue;
    } else {
      out += "\xef\xbf\xbd";
    }
    ++at;
  }
  return out += '"';
}

std::string word(std::string_view text) {
  if (text.empty()) return "%";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::optional<std::string> from_word(std::string_view word) {
  if (word.empty()) return std::nullopt;
  if (word == "%") return "";
  std::string out;
  for (std::size_t at = 0; at < word.size(); ++at) {
    if (word[at] != '%') {
      out += word[at];
      continue;
    }
    if (word.size() - at < 3) return std::nullopt;
    const std::size_t high = std::string_view(kHex).find(word[at + 1]), low = std::string_view(kHex).find(word[at + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    at += 2;
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += control && c != '\t' && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

namespace {

std::string escaped(std::string_view text, std::size_t most, std::string_view besides) {
  std::string out;
  for (char c : text.substr(0, most)) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u >= 0x7f || besides.find(c) != std::string_view::npos) {
      out += {'\\', 'x', kHex[u >> 4], kHex[u & 15]};
    } else {
      out += c;
    }
  }
  if (text.size() > most) out += "...";
  return out;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) { return escaped(text, most, "\"\\"); }
std::string readable(std::string_view text, std::size_t most) { return escaped(text, most, {}); }

}  // namespace hyalite

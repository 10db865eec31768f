// One line of JSON, written from left to right.
// SPDX-License-Identifier: MIT
#include "json_line.h"

#include <array>
#include <charconv>
#include <cstring>
#include <ctime>

namespace {

// How many bytes the UTF-8 sequence at the start of `text` has, 0 when it is none (RFC 3629).
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return 0;
  }
  // Too long for what they mean, halves of pairs, or beyond the last character.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

constexpr std::array<bool, 256> plain_characters() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_characters();

// How many characters in front stand for themselves.
std::size_t plain_run(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && kPlain[static_cast<unsigned char>(text[n])]) ++n;
  return n;
}

// At least `digits` of them.
void append_number(std::uint64_t value, std::size_t digits, std::string& out) {
  char text[20];
  const auto size = static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text);
  if (size < digits) out.append(digits - size, '0');
  out.append(text, size);
}

}  // namespace

bool append_json_string(std::string_view text, std::string& out, std::size_t most) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto escape = [&](unsigned c) {
    out += "\\u00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
  };
  constexpr std::size_t kLongest = 6;  // that one character becomes
  out += '"';
  const std::size_t start = out.size();
  while (!text.empty()) {
    if (out.size() - start + kLongest > most && out.size() - start + text.size() > most) {
      out += "...\"";
      return false;
    }
    // What is left fits as it is: so does what needs no escape.
    if (out.size() - start + text.size() <= most) {
      const std::size_t run = plain_run(text);
      out.append(text.data(), run);
      text.remove_prefix(run);
      if (text.empty()) break;
      if (run > 0) continue;
    }
    const auto c = static_cast<unsigned char>(text.front());
    std::size_t taken = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f) {
      escape(c);
    } else if (const std::size_t length = sequence(text); length == 0) {
      out += "\xef\xbf\xbd";
    } else if (taken = length; c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      escape(static_cast<unsigned char>(text[1]));  // control characters, too, for some terminals
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(taken);
  }
  out += '"';
  return true;
}

void JsonLine::begin(std::string_view key) {
  // Written at once: a record has thirty of them.
  char text[64];
  std::size_t size = 0;
  if (!out_.empty() && out_.back() != '{') text[size++] = ',';
  text[size++] = '"';
  if (size + key.size() + 2 > sizeof text) {
    out_.append(text, size).append(key).append("\":");
    return;
  }
  std::memcpy(text + size, key.data(), key.size());
  size += key.size();
  text[size++] = '"';
  text[size++] = ':';
  out_.append(text, size);
}

void JsonLine::text(std::string_view key, std::string_view value) {
  begin(key);
  cut_ = !append_json_string(value, out_, most_) || cut_;
}

void JsonLine::text_if(std::string_view key, std::string_view value) {
  if (!value.empty()) text(key, value);
}

void JsonLine::number(std::string_view key, std::uint64_t value) {
  begin(key);
  append_number(value, 1, out_);
}

void JsonLine::milliseconds(std::string_view key, std::int64_t nanoseconds) {
  begin(key);
  append_number(static_cast<std::uint64_t>(nanoseconds / 1'000'000), 1, out_);
  out_ += '.';
  append_number(static_cast<std::uint64_t>(nanoseconds / 1'000 % 1'000), 3, out_);
}

void JsonLine::raw(std::string_view key, std::string_view value) {
  begin(key);
  out_ += value;
}

void JsonLine::time(std::string_view key, std::int64_t nanoseconds) {
  begin(key);
  const std::time_t seconds = nanoseconds / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  const auto put = [&](char before, int value, std::size_t digits) {
    out_ += before;
    append_number(static_cast<std::uint64_t>(value), digits, out_);
  };
  put('"', parts.tm_year + 1900, 4);
  put('-', parts.tm_mon + 1, 2);
  put('-', parts.tm_mday, 2);
  put('T', parts.tm_hour, 2);
  put(':', parts.tm_min, 2);
  put(':', parts.tm_sec, 2);
  put('.', static_cast<int>(nanoseconds / 1'000'000 % 1'000), 3);
  out_ += "Z\"";
}

void JsonLine::open(std::string_view key) {
  begin(key);
  out_ += '{';
}

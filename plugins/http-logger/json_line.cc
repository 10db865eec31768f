// One line of JSON, written from left to right.
// SPDX-License-Identifier: MIT
#include "json_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

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

// Eight characters at a time, of which those that stand for themselves have no bit set.
constexpr std::uint64_t kEach = 0x0101010101010101u, kHigh = kEach << 7;
std::uint64_t not_plain(std::uint64_t eight) {
  // Borrows and carries may mark a neighbour, too; never miss one.
  const auto equals = [&](std::uint64_t c) { return ((eight ^ (kEach * c)) - kEach) & ~(eight ^ (kEach * c)); };
  const std::uint64_t control = (eight - kEach * 0x20) & ~eight;
  return (control | eight | equals('"') | equals('\\') | equals(0x7f)) & kHigh;
}

// Copies in front of `to` what stands for itself; how much that was.
std::size_t copy_plain(std::string_view text, char* to) {
  std::size_t n = 0;
  for (; n + 8 <= text.size(); n += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + n, sizeof eight);
    if (not_plain(eight) != 0) break;
    std::memcpy(to + n, &eight, sizeof eight);
  }
  for (; n < text.size() && kPlain[static_cast<unsigned char>(text[n])]; ++n) to[n] = text[n];
  return n;
}

// Most numbers of a record are small.
char* written(std::uint64_t value, std::size_t most, char* to) {
  if (value > 99'999) return std::to_chars(to, to + most, value).ptr;
  auto rest = static_cast<std::uint32_t>(value);
  const std::size_t digits = rest > 9'999 ? 5 : rest > 999 ? 4 : rest > 99 ? 3 : rest > 9 ? 2 : 1;
  for (std::size_t i = digits; i-- > 0; rest /= 10) to[i] = static_cast<char>('0' + rest % 10);
  return to + digits;
}
template <std::size_t Digits>
char* written_digits(unsigned value, char* to) {
  for (std::size_t i = Digits; i > 0; value /= 10) to[--i] = static_cast<char>('0' + value % 10);
  return to + Digits;
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

const char* SecondText::of(std::time_t seconds) {
  if (seconds == seconds_) return text_;
  seconds_ = seconds;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char* at = text_;
  const auto put_two = [&](int value, char after) {
    at = written_digits<2>(static_cast<unsigned>(value), at);
    if (after != 0) *at++ = after;
  };
  at = written_digits<4>(static_cast<unsigned>(parts.tm_year + 1900), at);
  *at++ = '-';
  put_two(parts.tm_mon + 1, '-');
  put_two(parts.tm_mday, 'T');
  put_two(parts.tm_hour, ':');
  put_two(parts.tm_min, ':');
  put_two(parts.tm_sec, 0);
  return text_;
}

void JsonLine::make_room(std::size_t bytes) { bytes_.resize(std::max(bytes_.capacity(), 2 * used_ + bytes)); }

void JsonLine::put_text(char* at, std::string_view value) {
  if (value.size() <= most_) {
    *at = '"';
    const std::size_t plain = copy_plain(value, at + 1);
    if (plain == value.size()) {
      at += 1 + plain;
      *at++ = '"';
      return end(at);
    }
  }
  end(at);
  put_text_with_escapes(value);
}

void JsonLine::put_text_with_escapes(std::string_view value) {
  bytes_.resize(used_);
  cut_ = !append_json_string(value, bytes_, most_) || cut_;
  used_ = bytes_.size();
}

void JsonLine::put_word(char* at, std::string_view value) {
  *at++ = '"';
  std::memcpy(at, value.data(), value.size());
  at += value.size();
  *at++ = '"';
  end(at);
}

void JsonLine::put_number(char* at, std::uint64_t value) { end(written(value, kMostDigits, at)); }

void JsonLine::put_milliseconds(char* at, std::int64_t nanoseconds) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, nanoseconds / 1'000));
  at = written(microseconds / 1'000, kMostDigits, at);
  *at++ = '.';
  end(written_digits<3>(static_cast<unsigned>(microseconds % 1'000), at));
}

void JsonLine::put_raw(char* at, std::string_view value) {
  std::memcpy(at, value.data(), value.size());
  end(at + value.size());
}

void JsonLine::put_time(char* at, std::int64_t nanoseconds, SecondText& seconds) {
  *at++ = '"';
  std::memcpy(at, seconds.of(nanoseconds / 1'000'000'000), SecondText::kSize);
  at += SecondText::kSize;
  *at++ = '.';
  at = written_digits<3>(static_cast<unsigned>(nanoseconds / 1'000'000 % 1'000), at);
  *at++ = 'Z';
  *at++ = '"';
  end(at);
}

void JsonLine::put_address4(char* at, const std::uint8_t (&bytes)[16]) {
  *at++ = '"';
  for (int i = 0; i < 4; ++i) {
    at = written(bytes[i], 3, at);
    *at++ = i < 3 ? '.' : '"';
  }
  end(at);
}

void JsonLine::close() {
  char* at = room(1);
  *at++ = '}';
  end(at);
}

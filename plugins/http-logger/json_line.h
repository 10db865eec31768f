// One line of JSON, written from left to right.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

// "2024-05-06T07:08:09" from seconds since 1970, kept: a busy second has thousands of lines.
class SecondText {
 public:
  static constexpr std::size_t kSize = 19;
  const char* of(std::time_t seconds);

 private:
  std::time_t seconds_ = std::numeric_limits<std::time_t>::min();
  char text_[kSize] = {};
};

// An object without its braces: "a":1,"b":"c". Bytes that are not UTF-8 become U+FFFD, control
// characters are escaped: the result is always valid JSON, on one line, and harmless on a terminal.
class JsonLine {
 public:
  // The most bytes of one text that are written, unless told otherwise.
  static constexpr std::size_t kMostTextBytes = 8'192;

  // A text that would take more than `most_text_bytes` in the line ends in "...". `memory` is that of a
  // line before, which take() gives back: then it allocates only what is longer.
  explicit JsonLine(std::size_t most_text_bytes = kMostTextBytes, std::string memory = {})
      : bytes_(std::move(memory)), most_(most_text_bytes) {}
  std::string take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

  // A key is a literal wherever it can be: then it takes a few instructions, of the hundreds that a member would.
  template <class Key>
  void text(const Key& key, std::string_view value) {
    put_text(begin(key, value.size() + 2), value);
  }
  // Nothing when the value is empty.
  template <class Key>
  void text_if(const Key& key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  // `value` is known to need no escape, and to be short.
  template <class Key>
  void word(const Key& key, std::string_view value) {
    put_word(begin(key, value.size() + 2), value);
  }
  template <class Key>
  void number(const Key& key, std::uint64_t value) {
    put_number(begin(key, kMostDigits), value);
  }
  // Nanoseconds as milliseconds with three digits; what is negative as 0.
  template <class Key>
  void milliseconds(const Key& key, std::int64_t nanoseconds) {
    put_milliseconds(begin(key, kMostDigits + 4), nanoseconds);
  }
  // `value` is JSON already.
  template <class Key>
  void raw(const Key& key, std::string_view value) {
    put_raw(begin(key, value.size()), value);
  }
  // "2024-05-06T07:08:09.123Z" from nanoseconds since 1970.
  template <class Key>
  void time(const Key& key, std::int64_t nanoseconds, SecondText& seconds) {
    put_time(begin(key, SecondText::kSize + 7), nanoseconds, seconds);
  }
  // "192.0.2.1".
  template <class Key>
  void address4(const Key& key, const std::uint8_t (&bytes)[16]) {
    put_address4(begin(key, 4 * 4 + 2), bytes);
  }
  // What follows are members of an object, until it is closed.
  template <class Key>
  void open(const Key& key) {
    char* at = begin(key, 1);
    *at++ = '{';
    end(at);
  }
  void close();

  std::string_view members() const { return {bytes_.data(), used_}; }
  bool empty() const { return used_ == 0; }
  std::size_t most_text_bytes() const { return most_; }
  // Was a text cut short?
  bool cut() const { return cut_; }

 private:
  static constexpr std::size_t kMostDigits = 20;

  // Where bytes may be written, so many at least.
  char* room(std::size_t bytes) {
    if (bytes_.size() - used_ < bytes) make_room(bytes);
    return bytes_.data() + used_;
  }
  void make_room(std::size_t bytes);
  // Writes the key, and a comma before it where one is due; then room for so many bytes.
  char* begin(std::string_view key, std::size_t bytes) { return begin(key.data(), key.size(), bytes); }
  template <std::size_t Size>
  char* begin(const char (&literal)[Size], std::size_t bytes) {
    return begin(literal, Size - 1, bytes);
  }
  [[gnu::always_inline]] char* begin(const char* key, std::size_t size, std::size_t bytes) {
    char* at = room(size + 4 + bytes);
    if (used_ > 0 && at[-1] != '{') *at++ = ',';
    *at++ = '"';
    std::memcpy(at, key, size);
    at += size;
    *at++ = '"';
    *at++ = ':';
    return at;
  }
  void end(const char* written) { used_ = static_cast<std::size_t>(written - bytes_.data()); }
  // The values, behind their keys.
  void put_text(char* at, std::string_view value);
  void put_text_with_escapes(std::string_view value);
  void put_word(char* at, std::string_view value);
  void put_number(char* at, std::uint64_t value);
  void put_milliseconds(char* at, std::int64_t nanoseconds);
  void put_raw(char* at, std::string_view value);
  void put_time(char* at, std::int64_t nanoseconds, SecondText& seconds);
  void put_address4(char* at, const std::uint8_t (&bytes)[16]);

  std::string bytes_;  // longer than what is used of it: filling it anew for each line would cost
  std::size_t used_ = 0;
  std::size_t most_;
  bool cut_ = false;
};

// With quotes, which are not part of `most`. False: it was cut.
bool append_json_string(std::string_view text, std::string& out,
                        std::size_t most = JsonLine::kMostTextBytes);

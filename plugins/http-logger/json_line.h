// One line of JSON, written from left to right.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
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

  void text(std::string_view key, std::string_view value);
  // Nothing when the value is empty.
  void text_if(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  // `value` is known to need no escape, and to be short.
  void word(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  // Nanoseconds as milliseconds with three digits.
  void milliseconds(std::string_view key, std::int64_t nanoseconds);
  // `value` is JSON already.
  void raw(std::string_view key, std::string_view value);
  // "2024-05-06T07:08:09.123Z" from nanoseconds since 1970.
  void time(std::string_view key, std::int64_t nanoseconds, SecondText& seconds);
  // "192.0.2.1".
  void address4(std::string_view key, const std::uint8_t (&bytes)[16]);
  // What follows are members of an object, until it is closed.
  void open(std::string_view key);
  void close();

  std::string_view members() const { return {bytes_.data(), used_}; }
  bool empty() const { return used_ == 0; }
  std::size_t most_text_bytes() const { return most_; }
  // Was a text cut short?
  bool cut() const { return cut_; }

 private:
  // Where bytes may be written, so many at least.
  char* room(std::size_t bytes);
  // Writes the key, and a comma before it where one is due; then room for so many bytes.
  char* begin(std::string_view key, std::size_t bytes);
  void end(const char* written) { used_ = static_cast<std::size_t>(written - bytes_.data()); }
  void text_with_escapes(std::string_view value);

  std::string bytes_;  // longer than what is used of it: filling it anew for each line would cost
  std::size_t used_ = 0;
  std::size_t most_;
  bool cut_ = false;
};

// With quotes, which are not part of `most`. False: it was cut.
bool append_json_string(std::string_view text, std::string& out,
                        std::size_t most = JsonLine::kMostTextBytes);

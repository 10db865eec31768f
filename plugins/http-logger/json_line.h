// One line of JSON, written from left to right.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// An object without its braces: "a":1,"b":"c". Bytes that are not UTF-8 become U+FFFD: the result
// is always valid JSON, on one line.
class JsonLine {
 public:
  // The most of one text that is written; a longer one ends in "...".
  static constexpr std::size_t kMostTextBytes = 8'192;

  void text(std::string_view key, std::string_view value);
  // Nothing when the value is empty.
  void text_if(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  // Nanoseconds as milliseconds with three digits.
  void milliseconds(std::string_view key, std::int64_t nanoseconds);
  // `value` is JSON already.
  void raw(std::string_view key, std::string_view value);
  // Members written by another line; may be empty.
  void join(std::string_view members);

  const std::string& members() const { return out_; }
  void clear() { out_.clear(); }

 private:
  void begin(std::string_view key);
  std::string out_;
};

// With quotes.
void append_json_string(std::string_view text, std::string& out);
// "2024-05-06T07:08:09.123Z" from nanoseconds since 1970.
std::string utc_time(std::int64_t nanoseconds);

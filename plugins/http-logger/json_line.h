// One line of JSON, written from left to right.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// An object without its braces: "a":1,"b":"c". Bytes that are not UTF-8 become U+FFFD, control
// characters are escaped: the result is always valid JSON, on one line, and harmless on a terminal.
class JsonLine {
 public:
  // The most bytes of one text that are written, unless told otherwise.
  static constexpr std::size_t kMostTextBytes = 8'192;

  // A text that would take more than `most_text_bytes` in the line ends in "...".
  explicit JsonLine(std::size_t most_text_bytes = kMostTextBytes) : most_(most_text_bytes) {}
  // In memory of a line before, which take() gives back: then it allocates only what is longer.
  JsonLine(std::size_t most_text_bytes, std::string memory)
      : out_(std::move(memory)), most_(most_text_bytes) {
    out_.clear();
  }
  std::string take() { return std::move(out_); }

  void text(std::string_view key, std::string_view value);
  // Nothing when the value is empty.
  void text_if(std::string_view key, std::string_view value);
  void number(std::string_view key, std::uint64_t value);
  // Nanoseconds as milliseconds with three digits.
  void milliseconds(std::string_view key, std::int64_t nanoseconds);
  // `value` is JSON already.
  void raw(std::string_view key, std::string_view value);
  // "2024-05-06T07:08:09.123Z" from nanoseconds since 1970.
  void time(std::string_view key, std::int64_t nanoseconds);
  // What follows are members of an object, until it is closed.
  void open(std::string_view key);
  void close() { out_ += '}'; }

  const std::string& members() const { return out_; }
  std::size_t most_text_bytes() const { return most_; }
  // Was a text cut short?
  bool cut() const { return cut_; }

 private:
  void begin(std::string_view key);
  std::string out_;
  std::size_t most_;
  bool cut_ = false;
};

// With quotes, which are not part of `most`. False: it was cut.
bool append_json_string(std::string_view text, std::string& out,
                        std::size_t most = JsonLine::kMostTextBytes);

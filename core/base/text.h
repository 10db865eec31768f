// Small questions about text: trim, compare, numbers.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hyalite {

// ASCII only, as every protocol here has it; never locale-dependent.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_ignoring_case(const char* a, const char* b, std::size_t size);
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_ignoring_case(a.data(), b.data(), a.size());
}
std::string to_lower(std::string_view text);
// Without spaces and tabs at both ends (OWS of RFC 9110, section 5.6.3).
constexpr std::string_view trim(std::string_view text) {
  // Mostly there is one space, or none: looking for it is dearer than taking it off.
  const auto is_white = [](char c) { return c == ' ' || c == '\t'; };
  const char *first = text.data(), *end = first + text.size();
  while (first < end && is_white(*first)) ++first;
  while (end > first && is_white(end[-1])) --end;
  return first == end ? std::string_view() : std::string_view(first, static_cast<std::size_t>(end - first));
}
// The words alone, with one space between each: "1  2\t3 " is "1 2 3".
std::string single_spaced(std::string_view text);
// The pieces between separators, as they stand: "a,,b" has three.
std::vector<std::string_view> split(std::string_view text, char separator);
// All digits, no sign, no space, no overflow; otherwise nothing.
std::optional<std::uint64_t> parse_decimal(std::string_view text);
// The nearest of `known` when it is near enough to be a slip of the finger, else empty.
std::string_view did_you_mean(std::string_view name, const std::vector<std::string_view>& known);
// Is all of it well-formed UTF-8 (RFC 3629)?
bool is_utf8(std::string_view text);
// A JSON string literal with its quotes. Bytes that are not UTF-8 become U+FFFD: the result is always valid JSON.
std::string json_string(std::string_view text);
// As one word of a line, never empty: spaces, control characters, '%' and bytes that are not ASCII as %XX, the empty text as "%".
std::string word(std::string_view text);
// The text again; nothing when it is not what word() writes.
std::optional<std::string> from_word(std::string_view word);
// For text in HTML and in quoted attributes: & < > " ' escaped; control characters but tab and line feed become a space.
std::string escape_html(std::string_view text);
// Text for one line of a log: control characters, quotes and backslash escaped as \xNN, cut at `most` bytes.
std::string printable(std::string_view text, std::size_t most = 256);
// The same for people, where no quotes stand around it: quotes and backslash as they are.
std::string readable(std::string_view text, std::size_t most = 256);

}  // namespace hyalite

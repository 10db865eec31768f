// What is wrong in a settings file, where, and what was meant.
// SPDX-License-Identifier: MIT
#include "settings/mistake.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace hyalite {

namespace {

// Names of files and what they hold may be in any script; only what would forge or hide a line is
// escaped.
std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) {
      out += printable(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out;
}

std::string json_or_null(std::string_view text) {
  return text.empty() ? "null" : json_string(text);
}

std::string json_or_null(std::size_t number) {
  return number == 0 ? "null" : std::to_string(number);
}

}  // namespace

std::string Mistake::text() const {
  std::string out = one_line(file);
  if (position.line != 0) {
    out += ':' + std::to_string(position.line) + ':' + std::to_string(position.column);
  }
  out += ": " + one_line(what);
  if (!expected.empty()) out += ", expected " + one_line(expected);
  if (!suggestion.empty()) out += " (did you mean \"" + one_line(suggestion) + "\"?)";
  return out;
}

std::string Mistake::json() const {
  return "{\"file\":" + json_string(file) + ",\"line\":" + json_or_null(position.line) +
         ",\"column\":" + json_or_null(position.column) + ",\"path\":" + json_or_null(path) +
         ",\"what\":" + json_string(what) + ",\"expected\":" + json_or_null(expected) +
         ",\"suggestion\":" + json_or_null(suggestion) + "}";
}

Position position_of(const Positions& positions, std::string path) {
  while (true) {
    const auto found = positions.find(path);
    if (found != positions.end()) return found->second;
    const auto cut = path.find_last_of(".[");
    if (cut == std::string::npos) return {};
    path.resize(cut);
  }
}

std::string text_of(const Mistakes& mistakes) {
  std::string out;
  for (const Mistake& mistake : mistakes) out += mistake.text() + '\n';
  return out;
}

std::string json_of(const Mistakes& mistakes) {
  std::string out = "[";
  for (const Mistake& mistake : mistakes) {
    if (out.size() > 1) out += ',';
    out += mistake.json();
  }
  return out + "]";
}

void sort_by_position(Mistakes& mistakes) {
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::tie(a.position.line, a.position.column) <
           std::tie(b.position.line, b.position.column);
  });
}

}  // namespace hyalite

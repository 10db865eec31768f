// Host names from settings and lists, in the form in which they are compared.
// SPDX-License-Identifier: MIT
#pragma once

#include <idn2.h>
#include <hyalite/cpp/name_set.hpp>

#include <algorithm>
#include <string>
#include <string_view>

// Names in other scripts become their ASCII form (IDNA 2008, RFC 5891).
inline hyalite::HostName read_name(std::string_view text) {
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return hyalite::HostName(text);
  const std::string name(text);  // ended by NUL, and without one inside
  char* out = nullptr;
  const bool fine = name.find('\0') == std::string::npos &&
                    idn2_lookup_u8(reinterpret_cast<const unsigned char*>(name.c_str()),
                                   reinterpret_cast<unsigned char**>(&out),
                                   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK;
  const hyalite::HostName result(fine ? std::string_view(out) : std::string_view());
  idn2_free(out);
  return result;
}

// A name as a request says it, in the form in which it is looked up: HostName's, where it is a host
// name. What is none leads somewhere all the same: servers that stand for all below their name take
// x!y.ads.example, too, and "ads.example.." is ads.example. Only where it is none memory is taken.
class ComparableName {
 public:
  explicit ComparableName(std::string_view text) : name_(read_name(without_final_dots(text))) {
    if (name_) return;
    other_ = without_final_dots(text);
    for (char& c : other_) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }

  // In lower case, without final dots.
  std::string_view whole() const { return name_ ? name_.text() : std::string_view(other_); }
  // To be found in a NameSet. Of what is longer than any name the end, from a dot on: so it is below
  // the names that it ends in, and is none of them.
  std::string_view text() const {
    constexpr std::size_t kMost = hyalite::HostName::kMostBytes;
    const std::string_view all = whole();
    if (all.size() <= kMost) return all;
    const auto dot = all.find('.', all.size() - kMost);
    return dot == std::string_view::npos ? std::string_view() : all.substr(dot);
  }

 private:
  static std::string_view without_final_dots(std::string_view text) {
    return text.substr(0, text.find_last_not_of('.') + 1);
  }

  hyalite::HostName name_;
  std::string other_;  // where it is no host name
};

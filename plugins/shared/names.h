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

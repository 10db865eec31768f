// Regular expressions from settings: RE2, linear in time whatever a client sends.
// SPDX-License-Identifier: MIT
#pragma once

#include <re2/re2.h>
#include <hyalite/plugin.hpp>

#include <memory>
#include <string>
#include <string_view>

inline re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// Messages are bytes in no known encoding: "." is one of them.
inline RE2::Options regex_options() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  return options;
}

// Null: it is none, and the operator was told.
inline std::unique_ptr<RE2> read_regex(const hyalite::Value& value) {
  auto regex = std::make_unique<RE2>(piece(value.text()), regex_options());
  if (regex->ok()) return regex;
  value.mistake("is not a regular expression (RE2): " + regex->error());
  return nullptr;
}

// Is it found somewhere in the text?
inline bool found_in(const RE2& regex, std::string_view text) {
  return regex.Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

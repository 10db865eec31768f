// What plugins noted about a flow or an exchange.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hyalite {

struct Note {
  std::uint32_t key;
  std::string_view value;  // in the subject's arena
};
using Noted = std::vector<Note>;

// The names of notes, interned while plugins are created.
class NoteKeys {
 public:
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kMostNameBytes = 128;
  // From 1. 0: not a name, or too many.
  std::uint32_t intern(std::string_view name);
  // Empty for what is no key.
  std::string_view name(std::uint32_t key) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace hyalite

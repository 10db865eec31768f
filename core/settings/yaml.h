// YAML text as a tree that knows where everything stands. yaml.cc is the only file that includes
// yaml-cpp. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// What a tree may be at most: a page of text with aliases in it can mean more than any memory
// holds.
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 200'000;  // aliases counted as what they stand for
inline constexpr std::size_t kMaxYamlTextBytes = std::size_t{8} << 20;  // of all scalars, likewise

struct YamlEntry;

// A value. Items and entries are in the order written; an alias is replaced by a copy of what it
// names.
struct YamlNode {
  enum class Kind { null, scalar, list, mapping };

  Kind kind = Kind::null;
  Position position;
  std::string text;     // of a scalar
  bool quoted = false;  // or tagged !!str: a text, whatever it looks like
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // names are unique: a second one is a mistake, and left out

  // "empty", "a list", "a mapping", or the text in quotes, shortened.
  std::string shown() const;
};

struct YamlEntry {
  std::string name;
  Position position;
  YamlNode value;
};

struct YamlRead {
  YamlNode root;
  Mistakes mistakes;
  bool complete = true;  // false: the text ended or broke off; the tree means nothing
};

// Never throws. The text is one document; directives and comments are allowed.
YamlRead read_yaml(std::string_view text, std::string_view file);

}  // namespace hyalite

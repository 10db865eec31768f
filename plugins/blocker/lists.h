// Reads lists into rules.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "rules.h"

struct ListsRead {
  std::size_t skipped = 0;                 // lines that could not be used, in lists that allow it
  std::vector<std::string> without_rules;  // files that are sound, and list nothing
};

// `lists` is a list of paths, or of mappings with `file`, `covers` and `wrong_lines`. Lines with
// "@@" go to `excepted` (null: they are wrong here). Every mistake is told, with file and line.
ListsRead read_lists(const hyalite::Value& lists, Rules& rules, Rules* excepted);

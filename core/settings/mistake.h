// What is wrong in a settings file, where, and what was meant.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "settings/settings.h"

namespace hyalite {

struct Mistake {
  std::string file;
  Position position;       // line 0: the file as a whole
  std::string path;        // "plugins[1].settings.hosts[0]"; empty: the file as a whole
  std::string what;        // what is wrong, for a person: `limits.head_bytes is "64kb"`
  std::string expected;    // without "expected"; may be empty
  std::string suggestion;  // the nearest known name; may be empty

  // `file:line:column: what, expected ... (did you mean "x"?)`: one line, whatever the file held.
  std::string text() const;
  // {"file":...,"line":...,"column":...,"path":...,"what":...,"expected":...,"suggestion":...};
  // absent parts are null.
  std::string json() const;
};

using Mistakes = std::vector<Mistake>;

// Where each setting stands, by its path: "listeners[0].address". Those that the file leaves out
// are not in it.
using Positions = std::map<std::string, Position>;

// The place of the setting at `path`, or of the nearest group around it that stands in the file.
Position position_of(const Positions& positions, std::string path);

// One line each, each ended.
std::string text_of(const Mistakes& mistakes);
// A JSON array.
std::string json_of(const Mistakes& mistakes);
// By line, then column; those of the file as a whole first.
void sort_by_position(Mistakes& mistakes);

}  // namespace hyalite

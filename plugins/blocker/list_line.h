// One line of a block list, in any of the formats that people have.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/name_set.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "url.h"

namespace list_line {

struct Nothing {};  // a comment, a header, the machine's own names
struct Names {      // ads.example; 0.0.0.0 ads.example; ||ads.example^
  std::vector<hyalite::HostName> names;
  hyalite::NameSet::Covers covers;
  bool covers_is_meant = false;  // the format says so; else the list's settings may
  bool allowed = false;          // @@||ads.example^
};
struct Url {  // http://ads.example/banner; ||ads.example/banner^; ||ads.example^|
  UrlPrefix prefix;
  hyalite::NameSet::Covers covers;
  bool allowed = false;
};
struct Wrong {
  std::string why;
};
using Line = std::variant<Nothing, Names, Url, Wrong>;

// As read_lines gives it: what is longer than kMostLineBytes was cut, and is wrong.
Line read(std::string_view line);

}  // namespace list_line

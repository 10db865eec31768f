// What a program says.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hyalite {

struct Said {
  int status = -1;  // the exit status; -1: it could not be run, and `complaint` says why
  std::string output, complaint;
};

Said output_of(const std::vector<std::string>& command, std::string_view input = {});

// The first line of what it complained about.
std::string complaint_of(const Said& said);

}  // namespace hyalite

// Files of host names, one a line.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <hyalite/cpp/name_set.hpp>

// Adds the names of the file at `path` to `names`. Empty lines, and what follows a "#", are left
// out. `mistake` is told what is wrong with "file:line: ", at most ten times a file, and how many
// there were beyond. False: the file could not be read, which is told, too.
bool read_list(const std::string& path, std::uint32_t source, hyalite::NameSet::Builder& names,
               const std::function<void(const std::string&)>& mistake);

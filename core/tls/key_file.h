// Reads secrets from files that nobody else can read.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace hyalite {

// The whole file. Refused, as the operator's fault: a file that its group or others may read or
// write, that belongs to somebody else than root or this process's user, or that is no regular
// file.
Result<std::string> read_secret_file(const std::string& path, std::size_t most);

// A new file with that text and mode; refused when there is one by that name. It is there whole, or
// not at all.
Result<void> write_new_file(const std::string& path, const std::string& text, unsigned mode);

}  // namespace hyalite

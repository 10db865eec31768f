// What an ELF file says of itself, read from its bytes without running any of its code.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hyalite {

// What a plugin's note says (.note.hyalite).
struct PluginIdentity {
  unsigned abi_major = 0, abi_minor = 0, min_host_minor = 0;
  std::string id, version, license;
};

// The errors are sentences about the file, without its name. Anything may be in `elf`.
Result<PluginIdentity> read_note(std::string_view elf);
// The names of the functions and data that the file offers to others.
Result<std::vector<std::string>> read_exports(std::string_view elf);

}  // namespace hyalite

// A plugin's file as bytes. SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace hyalite {

// When it and its directory are as Library::open() demands. Nothing of it runs. The error names the file.
Result<std::string> read_plugin_file(const std::string& path);

}  // namespace hyalite

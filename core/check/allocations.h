// Memory that a plugin asks for, so that it can be refused. SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "plugin/library.h"

namespace hyalite {

// From here on, what the plugin and the libraries beneath it ask for inside of hooks is counted and may fail, as the layer's
// plan says. Once per process, before anything runs on other threads. False: it cannot be done here.
bool take_over_allocations(const Library& library, std::string& why_not);

}  // namespace hyalite

// Which versions of what this program runs with.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace hyalite {

// A line each: "hyalite 0.1.0", "libevent 2.1.12-stable" ...
std::string versions();

}  // namespace hyalite

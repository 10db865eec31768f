// `hyalite check`: every mistake in a settings file, in plugins' settings too.
// SPDX-License-Identifier: MIT
#pragma once

#include "cli/arguments.h"

namespace hyalite {

// Plugins are loaded in a process of their own, which may crash or hang without harm.
int check(const CheckCommand& command);

}  // namespace hyalite

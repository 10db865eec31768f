// Would the service start with these settings? Asked without starting it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "process/failure.h"
#include "process/load_note.h"

namespace hyalite {

// Loads them in a process of its own, with the privileges of a generation, plugins and all, and
// ends it again. What is wrong; nothing: they are fine. Another process so that a plugin cannot
// take the caller along.
std::optional<Failure> check_settings(const std::string& settings_file, const std::string& user);

// What to say about a process that ended while it loaded, without a word. `note` may be null.
Failure died_loading(const LoadNote* note, int status, const std::string& settings_file);

}  // namespace hyalite

// The settings in force, for people to look at.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "settings/settings.h"

namespace hyalite {

// Every setting with its value, as in the file; a JSON object. Plugins' own settings may hold
// secrets: they are there only for those who may command, and without what is called a secret.
enum class Onlooker { anybody, commander };
std::string settings_json(const Settings& settings, Onlooker onlooker);

// Would somebody call this name that of a secret? password, api_key, auth-token ...
bool names_a_secret(std::string_view name);

}  // namespace hyalite

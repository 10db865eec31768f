// The reference of all commands and their options as a part of the man page hyalite(1), in mdoc(7).
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace hyalite {

// Made from what --help is made from, so that the page knows every option. docs/man/hyalite.1.in has the rest.
std::string manual_of_commands(const CLI::App& app);

}  // namespace hyalite

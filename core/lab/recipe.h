// The recipes of config/recipes, by which connections reach the proxy.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

namespace hyalite {

// The text of config/recipes/MODE.sh when this program was built; empty for none.
std::string_view recipe_text(LabMode mode);

// What a recipe is run with, and what the lab's commands find in their environment (lab.h).
std::vector<std::pair<std::string, std::string>> lab_environment(const LabOptions& options);

// Sets it in this process, and leaves it for who joins the lab later.
Result<void> set_lab_environment(const LabOptions& options);
Result<void> take_lab_environment();

// Can this kernel do what the mode's recipe asks for? Tried on the gateway, and undone. An error
// names what is missing.
Result<void> probe_kernel(LabMode mode);

// Runs the mode's recipe on the gateway, from a file that stays there for the lab's commands.
Result<void> install_recipe(LabMode mode);

}  // namespace hyalite

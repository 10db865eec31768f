// What the lab's commands find in their environment (lab.h).
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

namespace hyalite {

std::vector<std::pair<std::string, std::string>> lab_environment(const LabOptions& options);

// Sets it in this process, and leaves it for who joins the lab later.
Result<void> set_lab_environment(const LabOptions& options);
Result<void> take_lab_environment();

}  // namespace hyalite

// What was found, for a person and for programs. SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "check/finding.h"

namespace hyalite {

// One line for a check, and a few more for each finding.
std::string text_of(const CheckReport& report);
// The last line.
std::string summary_of(std::span<const CheckReport> reports);
// One object; grows at its end only while "version" stays 1.
std::string json_of(const std::string& path, std::uint64_t seed, std::span<const CheckReport> reports);

}  // namespace hyalite

// How the service is, for people.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hyalite {

// When a file was changed, as the JSON has times; empty: nobody knows.
using FileTime = std::function<std::string(const std::string&)>;

// The text of `hyalite status`, from the JSON that the service gives (admin/status.h). With a
// warning when the settings file was changed after what serves has begun to.
Result<std::string> status_text(std::string_view json, const FileTime& changed = {});

// "3 days 4 h", "2 h 5 min", "40 s"
std::string duration_text(std::int64_t seconds);
// "1,234,567"
std::string grouped(std::uint64_t number);

}  // namespace hyalite

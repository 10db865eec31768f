// How the service is, for a person.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace hyalite {

// From the JSON of /status (admin/status.h); empty when that cannot be read. Lines, ended.
std::string status_text(std::string_view json);

}  // namespace hyalite

// A view of bytes owned by someone else.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace hyalite {

// Bytes from or for the network. Never owns, never ends in NUL by promise; valid as long as its owner says.
using Bytes = std::string_view;

}  // namespace hyalite

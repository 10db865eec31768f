// Stands in for a plugin that crashed too often, when its instance fails closed: nothing passes
// that it should have seen. SPDX-License-Identifier: MIT
#pragma once

#include "plugin/library.h"

namespace hyalite {

// Fails in request_head, and in protocol for everything that is not HTTP/1: the failure policy does
// the rest.
Library quarantine_library();
// Is it that one? Then no code of the plugin runs.
bool stands_in(const Library& library);

}  // namespace hyalite

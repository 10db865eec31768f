// Connections that go through the proxy now.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "interception/state.h"

namespace hyalite {

// Established TCP connections of this network namespace that were brought to the proxy: their own
// side is another machine's address (TPROXY, routing), or the port of the listener that REDIRECT
// names.
std::size_t count_open_flows(const InterceptState& state);

}  // namespace hyalite

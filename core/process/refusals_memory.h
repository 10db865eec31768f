// The memory in which workers note who refused our certificates: kept by the master.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"

namespace hyalite {

// A memfd of the size that Refusals has in this program, all zero, that cannot shrink under those
// who map it. Empty when there is no memory.
Fd refusals_memory();
// Is it one, of that size?
bool is_refusals_memory(const Fd& fd);

}  // namespace hyalite

// How a flow's end is told to plugins.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/reason.h"
#include "plugin/summary.h"

namespace hyalite {

End end_of(CloseReason reason);

}  // namespace hyalite

// How a flow's end is told to plugins, and a plugin's end of it to everybody else.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/reason.h"
#include "plugin/decision.h"
#include "plugin/summary.h"

namespace hyalite {

End end_of(CloseReason reason);
// Of what a plugin decided, or failed to.
CloseReason reason_of(const Decision& decision);

}  // namespace hyalite

// A check in a process of its own, watched: what crashes, hangs, blocks or ends there is a finding. SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/clock.h"
#include "check/workbench.h"
#include "check/finding.h"

namespace hyalite {

struct ApartLimits {
  Milliseconds call = Seconds{10};    // one call into the plugin
  Milliseconds check = Seconds{300};  // all of one check
};

// Runs `check` in a child of this process, which has one thread, and fills in what came of it.
void run_apart(const WorkbenchOptions& options, const std::function<void(Workbench&)>& check, const ApartLimits& limits, CheckReport& report);
// The same in this process, for debuggers: nobody watches.
void run_here(const WorkbenchOptions& options, const std::function<void(Workbench&)>& check, CheckReport& report);

}  // namespace hyalite

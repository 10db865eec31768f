// Looks at the machine; changes nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "doctor/facts.h"
#include "doctor/questions.h"
#include "settings/settings.h"

namespace hyalite {

struct GatherOptions {
  Hint hint;
  // What `hyalite intercept on` would give to nft, to be tried with `nft -c`; empty: nothing.
  std::string packet_rules;
};

// Each part that cannot be looked at says why. The programs ip, nft and ss are run; where one is
// missing, its part says so.
Facts gather(const Settings& settings, const GatherOptions& options);

// The kernel's counters of this network, and the machine-wide ones that doctor knows.
Counters kernel_counters();

}  // namespace hyalite

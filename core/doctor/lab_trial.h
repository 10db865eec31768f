// The rules of the settings and the proxy, tried in a private lab.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "doctor/report.h"
#include "settings/settings.h"

namespace hyalite {

// Builds a lab whose gateway has the settings' interfaces, rules and listeners (no plugins, TLS or
// services), and connects from its client (from the gateway, where only its own connections are
// captured) to its origin, on each intercepted port, over both families. Shows that the settings,
// this program and this kernel fit together; of the machine's own rules it knows nothing.
TrialAnswer try_in_lab(const Settings& settings);

// What try_in_lab() runs on the lab's gateway, with the settings file that it wrote: puts the rules
// in and prints what became of the connections. Returns an exit status.
int run_lab_trial(const std::string& settings_file);

}  // namespace hyalite

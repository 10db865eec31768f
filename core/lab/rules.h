// How connections reach the proxy in a lab: by the rules of `hyalite intercept`.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "lab/lab.h"

namespace hyalite {

// Where the lab has lab_settings(), for its commands.
inline constexpr char kLabSettingsFile[] = "/run/hyalite-lab/hyalite.yaml";

// The settings file of a proxy that the lab's mode brings connections to: its listeners, and what
// `hyalite intercept` is to do. Mode none: the listener alone.
std::string lab_settings(const LabOptions& options);

// Writes that file, and switches interception on as it says. To be called on the gateway. The
// operator's fault: this kernel cannot do what the mode needs.
Result<void> install_rules(const LabOptions& options);

}  // namespace hyalite

// What runs in a lab beside its command: the proxy, the origin's web server.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "lab/lab.h"

namespace hyalite {

// To be called on the gateway, by the lab's first process.

// This program as a proxy on the gateway, with this settings file; returns once it accepts
// connections. What it says goes to our stderr. An error when it does not come up.
Result<pid_t> start_proxy(const std::string& settings_file);

// Lets it end in order. Whatever it does then, the lab's end takes it along.
void stop_proxy(pid_t proxy);

// Answers on the origin, on each of options.ports, from before this returns.
Result<void> start_web(const LabOptions& options);

}  // namespace hyalite

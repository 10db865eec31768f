// An author's plugin in a lab's proxy: put there, and put there again when its file changes.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "lab/lab.h"

namespace hyalite {

// Its entry in the lab's settings (rules.h), as JSON with the author's own text in it; empty: there is no plugin.
std::string author_settings(const LabOptions& options);

// Copies the file to where the entry finds it, in the lab's own /run: whoever the proxy runs as can read it there, and
// a file that is being written is never loaded.
Result<void> place_plugin(const LabOptions& options);

// From now on, whenever the file has changed: copies it, and tells the proxy to reload. What it refuses, it says itself, and goes
// on with the one before.
Result<void> watch_plugin(const LabOptions& options, pid_t proxy);

}  // namespace hyalite

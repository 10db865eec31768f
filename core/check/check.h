// `hyalite plugin check`: everything that can be found out about a plugin before it meets traffic. SPDX-License-Identifier: MIT
//
// Each check runs in a process of its own (apart.h), in the real engine without sockets (world.h, held_flow.h), with a layer between
// plugin and host (layer.h). Nothing here runs in a process that serves.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace hyalite {

struct PluginCheckOptions {
  std::string path;
  std::string settings_file;  // what would stand under `settings:` of its instance; empty: none
  std::uint64_t seed = 1;
  std::vector<std::string> only, skip;  // ids, or their beginnings ("host")
  std::vector<std::string> allowed;
  std::string reproduce;  // ID/SEED/NUMBER, as a finding names it
  Milliseconds call_limit = Seconds{10};
  bool json = false, list = false, in_process = false, thorough = false;
};

// 0: clean; 1: something was found, or the file cannot be checked; 2: an id that there is not. The report goes to stdout.
int check_plugin(const PluginCheckOptions& options);

}  // namespace hyalite

// From settings to a chain: every plugin found, opened, checked and created, or every mistake told
// at once. SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/layout.h"
#include "plugin/call_slot.h"
#include "plugin/chain.h"
#include "plugin/limits.h"
#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

// A plugin that is part of this program, and what `use` calls it.
struct LinkedIn {
  std::string use;
  const hyalite_descriptor* descriptor = nullptr;  // for ever
};

struct LoadOptions {
  std::string file;  // what mistakes call the settings file
  std::vector<std::string>
      directories;  // where plugins are looked for, after those of the settings
  // Instances that are not loaded; their policy decides what becomes of traffic. "ads", or
  // "ads=BUILD": only as long as they are that build.
  std::vector<std::string> quarantined;
  unsigned workers = 1;      // among how many the limits of the gateway are shared
  CallSlot* slot = nullptr;  // says which instance is being created; may be null
  std::vector<LinkedIn> linked_in;  // found before any file
  const Clock* clock = nullptr;     // what plugins are told the time by; null: the system's
};

struct ChainLoad {
  std::unique_ptr<Chain> chain;  // null when there are mistakes
  Mistakes mistakes;             // of all plugins, by position
  std::vector<std::string> released;  // in quarantine, but loaded: they are another build
};

// In the generation, before the board is made and before any fork; the process has exactly one
// thread, and still has afterwards. Declares what is counted for each instance, and what the
// plugins count, on `layout`. `log` outlives the chain.
ChainLoad load_chain(const Settings& settings, const LoadOptions& options, Layout& layout,
                     Log& log);

}  // namespace hyalite

// What doctor says.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "doctor/finding.h"

namespace hyalite {

// A synthetic connection, the proof of the whole.
struct TrialAnswer {
  std::string
      where;  // "lab": the rules of the settings, in a private network; "live": the real ones
  bool passed = false;
  std::string what;      // one line per connection
  std::string not_made;  // why there was none; then nothing else is set
};

enum class Health { healthy, unhealthy, unknown };

struct Report {
  std::string settings_file;
  std::vector<Diagnosis> findings;
  std::vector<RowAnswer> answers;
  std::vector<TrialAnswer> trials;
  std::vector<std::string> notes;
};

// Unhealthy with any finding, or when a trial failed; unknown when something that matters could not
// be looked at.
Health verdict_of(const Report& report);

// For a person: the first broken thing on top. `all`: with every question.
std::string report_text(const Report& report, bool all);
// For programs: one object.
std::string report_json(const Report& report);

}  // namespace hyalite

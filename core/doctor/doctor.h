// `hyalite doctor`: looks, judges, tries, reports.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "doctor/questions.h"

namespace hyalite {

struct DoctorOptions {
  std::string settings_file;
  Hint hint;
  bool json = false;
  bool all = false;          // every question, not only what is wrong
  bool lab_trial = true;     // a connection in a private lab
  bool live_trial = false;   // a connection through the real rules; needs root
  unsigned try_seconds = 0;  // how long somebody else tries, between two looks at the counters
};

inline constexpr int kDoctorHealthy = 0;
inline constexpr int kDoctorUnhealthy = 1;
// Nothing wrong was seen, but something that matters could not be looked at; or nothing could.
inline constexpr int kDoctorCannotSay = 4;

// Prints the report on stdout; returns the exit status.
int doctor(const DoctorOptions& options);

}  // namespace hyalite

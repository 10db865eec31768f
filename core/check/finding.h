// What is said of a plugin when it was checked. SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hyalite {

struct CheckFinding {
  std::string what;   // what is wrong, in one line
  std::string where;  // the moment: hook and case; empty for the file as a whole
  std::string mend;   // what to do about it
  std::string again;  // for --reproduce; empty: it needs no seed
};

enum class CheckResult { passed, failed, skipped };

struct CheckReport {
  std::string id, title;
  CheckResult result = CheckResult::passed;
  std::vector<CheckFinding> findings;  // when failed; at most kMostFindings
  std::string why;                     // when skipped
  double seconds = 0;
};
inline constexpr std::size_t kMostFindings = 5;  // of one check: nobody mends more at once

}  // namespace hyalite

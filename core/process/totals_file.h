// What finished generations counted, in memory that outlives the admin process that adds it up.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>

#include "base/result.h"
#include "metrics/totals.h"

namespace hyalite {

struct KeptTotals {
  Totals totals;
  std::set<std::uint64_t> generations;  // whose counts are in it; the latest of them
};

// Of the memfd that the master keeps; empty when nothing was ever written.
Result<KeptTotals> read_totals(int fd);
// Either all of it is there afterwards, or what was there before: a process may be killed at any
// moment.
Result<void> write_totals(int fd, const KeptTotals& kept);

}  // namespace hyalite

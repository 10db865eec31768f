// Runs a loop until something is true.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "event/loop.h"

namespace hyalite {

// False when it did not become true within some seconds: far longer than anything on this machine
// takes.
template <class Predicate>
bool pump(Loop& loop, Predicate is_true) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.run_once();
  }
  return true;
}

}  // namespace hyalite

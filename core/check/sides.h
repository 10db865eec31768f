// Whose code runs: the plugin's, called by us, or ours, called by it.
// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "check/layer.h"

namespace hyalite {

inline thread_local bool inside = false;

// While it lives, the plugin's own code runs on this thread.
class Inside {
 public:
  Inside() : before_(std::exchange(inside, true)) {}
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() {
    inside = before_;
    if (!before_) Layer::get().end_lending();
  }

 private:
  const bool before_;
};

// ... and while this lives, it does not: the plugin has called us.
class Outside {
 public:
  Outside() : before_(std::exchange(inside, false)) {}
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;
  ~Outside() { inside = before_; }

 private:
  const bool before_;
};

template <class Call>
auto call_plugin(Call&& call) {
  const Inside now;
  try {
    return call();
  } catch (...) {
    Layer::get().escaped();
    throw;
  }
}

}  // namespace hyalite

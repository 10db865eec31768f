// Throws, through the wrapper, in the hook that its settings name.
// SPDX-License-Identifier: MIT
#include <stdexcept>

#include "every_hook.h"

struct Throws : EveryHook<Throws> {
  static constexpr hyalite::Info info{"throws", "1.0.0", "Throws", "MIT"};
  [[noreturn]] hyalite::Verdict misbehave() { throw std::runtime_error("thrown on purpose"); }
};
HYALITE_PLUGIN(Throws)

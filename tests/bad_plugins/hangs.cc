// Never comes back from the hook that its settings name.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "every_hook.h"

struct Hangs : EveryHook<Hangs> {
  static constexpr hyalite::Info info{"hangs", "1.0.0", "Hangs", "MIT"};
  [[noreturn]] hyalite::Verdict misbehave() {
    for (;;) ::pause();
  }
};
HYALITE_PLUGIN(Hangs)

// Crashes in the hook that its settings name.
// SPDX-License-Identifier: MIT
#include <csignal>

#include "every_hook.h"

struct Crashes : EveryHook<Crashes> {
  static constexpr hyalite::Info info{"crashes", "1.0.0", "Crashes", "MIT"};
  hyalite::Verdict misbehave() {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make it an exit
    std::raise(SIGSEGV);
    return hyalite::Verdict::go_on;
  }
};
HYALITE_PLUGIN(Crashes)

// Answers with the number that its settings name, in the hook that they name, and decides nothing.
// SPDX-License-Identifier: MIT
#include "every_hook.h"

struct BadVerdict : EveryHook<BadVerdict> {
  static constexpr hyalite::Info info{"bad_verdict", "1.0.0", "Answers wrongly", "MIT"};
  hyalite::Verdict misbehave() { return static_cast<hyalite::Verdict>(verdict); }
};
HYALITE_PLUGIN(BadVerdict)

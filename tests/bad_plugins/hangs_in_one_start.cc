// Never comes back from start in the second worker; the others serve.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <unistd.h>

struct HangsInOneStart : hyalite::Plugin<HangsInOneStart> {
  static constexpr hyalite::Info info{"hangs_in_one_start", "1.0.0", "Hangs in one start", "MIT"};
  void start(const hyalite_worker& worker) {
    while (worker.index == 1) ::pause();
  }
};
HYALITE_PLUGIN(HangsInOneStart)

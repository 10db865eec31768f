// Whose code runs while a generation loads.
// SPDX-License-Identifier: MIT
#include "process/load_note.h"

#include "base/text.h"
#include "plugin/hook.h"

namespace hyalite {

LoadNote::Running LoadNote::running() const {
  const std::uint32_t instance = calls.instance.load(std::memory_order_relaxed);
  if (instance == 0 || instance > kMostNames) return {};
  const std::uint32_t hook = calls.hook.load(std::memory_order_relaxed);
  return {printable(names[instance - 1].text(), 64), hook < kHookCount ? name(static_cast<Hook>(hook)) : "loading"};
}

}  // namespace hyalite

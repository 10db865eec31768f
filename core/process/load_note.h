// Whose code runs while a generation loads: read by the master when the generation dies of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "plugin/call_slot.h"
#include "process/messages.h"

namespace hyalite {

// In memory that the master made, zeroed, and shares with one generation.
struct LoadNote {
  static constexpr std::size_t kMostNames = 64;
  CallSlot calls;
  FixedText<64> names[kMostNames];  // of the instances, in the chain's order

  struct Running {
    std::string instance, hook;  // printable; both empty: nobody's code
  };
  Running running() const;
};

}  // namespace hyalite

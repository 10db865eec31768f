// What the plugin of the fuzz target `plugins` is told to do: bytes, taken from the front as it goes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace hyalite {

// Shared by the target and its plugin, which finds it by the address in this variable of the environment.
inline constexpr const char* kScriptVariable = "HYALITE_FUZZ_SCRIPT";

struct FuzzScript {
  const char* at = nullptr;
  const char* end = nullptr;
  long under_way = 0;  // what its plugins have begun and were not told the end of

  bool over() const { return at == end; }
  // 0 when there is none left.
  unsigned byte() { return over() ? 0 : static_cast<unsigned char>(*at++); }
};

}  // namespace hyalite

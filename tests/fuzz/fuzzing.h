// What the fuzz targets share.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"

// What each target defines; libFuzzer calls it, and so does replay.cc.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hyalite {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// What must be true whatever the input. A finding is a crash with the reason on top of it.
inline void require(bool right, std::string_view what, std::string_view detail = {}) {
  if (right) return;
  std::fprintf(stderr, "NOT SO: %.*s: '%s'\n", static_cast<int>(what.size()), what.data(), printable(detail, 8'000).c_str());
  std::abort();
}

// Takes a byte off the front; 0 when there is none.
inline unsigned take_byte(std::string_view& input) {
  if (input.empty()) return 0;
  const auto byte = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  return byte;
}

}  // namespace hyalite

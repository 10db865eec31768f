// What a plugin could change of the process around it. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hyalite {

struct ProcessState {
  unsigned threads = 0;
  std::vector<std::string> descriptors;  // what they lead to; our own private copies of plugins are left out
  std::string directory, locale;
  unsigned mask = 0;
  std::vector<std::string> environment;
  std::vector<std::string> signals;  // whose handling is not the default

  static ProcessState now();
  // What is different after, one sentence each: "a thread was started".
  std::vector<std::string> changes_to(const ProcessState& after) const;
};

// Bytes that are allocated and not freed, of all threads.
std::size_t heap_bytes();
// Nanoseconds of processor time of this thread.
std::int64_t thread_time();

}  // namespace hyalite

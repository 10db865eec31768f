// How much memory a process has taken for itself.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace hyalite {

// Resident anonymous memory in bytes: heap and stacks, without files and shared memory, but with
// what a fork shares until somebody writes to it. One short read of /proc/PID/statm (proc(5));
// nothing when there is no such process or no /proc. `pid` 0: this process.
std::optional<std::size_t> anonymous_memory(pid_t pid);

// From the text of statm, in pages.
std::optional<std::size_t> anonymous_pages(std::string_view statm);

// From here on this process may take `more` bytes of private memory: what goes beyond fails, in C++
// with std::bad_alloc, before the machine is out of memory. setrlimit(2), RLIMIT_DATA.
bool limit_memory(std::size_t more);

}  // namespace hyalite

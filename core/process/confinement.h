// What a process that sees strangers' bytes may ask of the kernel: seccomp(2).
// SPDX-License-Identifier: MIT
//
// A list of what is needed, not of what is bad. What a worker asks beyond it is answered by its generation (denials.h),
// so that a plugin that tried gets an error and its name into the log, and goes on. The admin process and the signer run
// nobody else's code: there, what only an intruder would try ends the process, and the rest is an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "settings/settings.h"

namespace hyalite {

enum class ConfinedPart { worker, admin, signer };

// For ever, in this process and all it starts; it must have one thread, and no new privileges (privileges.h). The
// descriptor is where a worker's denied calls are asked about, to be given away at once: while this process has it, too,
// it would wait for itself. None: nobody is asked, denied calls fail. What cannot be had is logged.
Fd confine(ConfinedPart part, const SeccompSettings& settings, Log& log);

// Those that are no system call on any machine.
std::vector<std::size_t> unknown_calls(const std::vector<std::string>& names);

// What a denied call was about; what it is counted as.
enum class DeniedKind : std::uint8_t { exec, raw_socket, netlink, socket, signal, trace, kernel, other };
constexpr std::string_view kDeniedKinds[] = {"exec",   "raw_socket", "netlink", "socket",
                                             "signal", "trace",      "kernel",  "other"};

struct DeniedCall {
  DeniedKind kind = DeniedKind::other;
  std::string name;    // "socket(AF_PACKET)", "execve"
  bool known = false;  // false: newer than this program
};

// `arguments`: the first of them.
DeniedCall denied_call(int number, std::uint64_t first, std::uint64_t second);

}  // namespace hyalite

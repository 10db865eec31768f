// What was refused to a confined process, and as what it is counted.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

namespace hyalite {

// What it was about.
enum class DeniedKind : std::uint8_t { exec, raw_socket, netlink, socket, signal, trace, kernel, other };
inline constexpr std::string_view kDeniedKinds[] = {"exec",   "raw_socket", "netlink", "socket",
                                                    "signal", "trace",      "kernel",  "other"};
inline constexpr std::size_t kDeniedKindCount = std::size(kDeniedKinds);

// Of hyalite_denied_calls_total, which several processes count.
inline constexpr char kDeniedCallsHelp[] = "System calls that were refused, or with seccomp.mode: log only told.";

struct DeniedCall {
  DeniedKind kind = DeniedKind::other;
  std::string name;    // "socket(AF_PACKET)", "execve"
  bool known = false;  // false: newer than this program
};

}  // namespace hyalite

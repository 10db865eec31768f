// What can be wrong in a lab, on purpose.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hyalite {

struct LabOptions;

enum class LabFault {
  no_return_rule,      // the rules that bring origins' answers to the proxy are gone
  strict_rp_filter,    // rp_filter=1 on every interface of the gateway
  mtu_1280,            // a router behind the gateway passes no packet over 1280 bytes on
  origin_unreachable,  // the origin takes no packet
};

inline constexpr std::array kLabFaults = {LabFault::no_return_rule, LabFault::strict_rp_filter,
                                          LabFault::mtu_1280, LabFault::origin_unreachable};

std::optional<LabFault> lab_fault_from(std::string_view name);
std::string_view name_of(LabFault fault);

struct LabTrouble {
  std::vector<LabFault> faults;
  // On the way to the origin, by netem: so many of 100 packets are lost, and so late is the rest.
  double loss_percent = 0;
  std::uint32_t delay_ms = 0;

  bool has(LabFault fault) const;
};

// Makes the faults, once everything else is there. An error names what cannot be made: the
// operator's fault when the kernel lacks the means.
Result<void> make_trouble(const LabOptions& options);

}  // namespace hyalite

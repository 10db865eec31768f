// The line that a finding is worth, where a policy says `log`.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "plugin/subject.h"

namespace hyalite {

inline void log_finding(Log& log, const FlowFacts& flow, std::string_view name, std::string_view detail) {
  log.info("flow.finding", {{"finding", std::string(name)},
                            {"client", flow.client.text()},
                            {"destination", flow.destination.text()},
                            {"detail", std::string(detail)}});
}

}  // namespace hyalite

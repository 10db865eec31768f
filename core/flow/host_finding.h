// The host that a request names, against where it really goes.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "plugin/subject.h"

namespace hyalite {

struct HostFinding {
  std::string_view name;  // of the finding, as docs/messages.md lists them
  std::string detail;
};

// Nothing: they agree, as far as can be told without asking the DNS. `certificate_names`: of the upstream, where the client asked
// for no name of a host in TLS; else null.
std::optional<HostFinding> host_finding(Bytes host, const FlowSubject& flow, const OriginalDestination& destination,
                                        const std::vector<std::string>* certificate_names);

}  // namespace hyalite

// What programs and files of the kernel say, as facts. Pure: texts in, facts out.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "doctor/facts.h"

namespace hyalite {

// `ip -N -json ...`: -details link, address, rule, route show table all, neighbor.
Result<std::vector<LinkFact>> read_links(std::string_view json);
Result<std::vector<AddressFact>> read_addresses(std::string_view json);
Result<std::vector<RuleFact>> read_rules(std::string_view json, bool v6);
Result<std::vector<RouteFact>> read_routes(std::string_view json, bool v6);
struct NeighborFact {
  std::string link;
  IpAddress ip;
};
Result<std::vector<NeighborFact>> read_neighbors(std::string_view json);
// The answer of `ip -N -json route get`, into the probe.
void read_answer(std::string_view json, std::string_view complaint, ProbeFact& probe);
// `ss -Hlntpe --inet-sockopt`.
std::vector<ListenerFact> read_listeners(std::string_view text);
// /proc/net/snmp and /proc/net/netstat: "Tcp: A B\nTcp: 1 2\n"; and rt_cache, whose numbers are
// hexadecimal, one line per processor.
void read_counters(std::string_view text, Counters& counters);
void read_route_cache(std::string_view text, Counters& counters);
// The metrics of the service that doctor looks at: "ports_exhausted", "loop_of_ours".
Counters read_metrics(std::string_view text);

}  // namespace hyalite

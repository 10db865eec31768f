// What can be wrong in a lab, on purpose.
// SPDX-License-Identifier: MIT
#include "lab/fault.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "lab/lab.h"
#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/program.h"

namespace hyalite {

namespace {

// Rules are removed one per call; that there was none at all is a mistake of who asked.
Result<void> drop_return_rules(const LabOptions& options) {
  const std::string script =
      "gone=\n"
      "for family in -4 -6; do\n"
      "  while ip $family rule del iif '" +
      options.wan +
      "' 2>/dev/null; do gone=yes; done\n"
      "done\n"
      "[ \"$gone\" ]\n";
  if (run_on(LabHost::gateway, {"sh", "-c", script})) return {};
  return Error{Fault::us,
               "fault no-return-rule: mode " + std::string(name_of(options.mode)) +
                   " has no rule that brings answers back",
               0};
}

Result<void> filter_strictly(const LabOptions& options) {
  for (const std::string& name : {std::string("all"), options.lan, options.wan}) {
    const Result<void> set = set_sysctl("net/ipv4/conf/" + name + "/rp_filter", "1");
    if (!set) return set;
  }
  return {};
}

Result<void> take_nothing() {
  return run_on(LabHost::origin, {"nft", "-f", "-"},
                "table inet fault {\n"
                "  chain input { type filter hook input priority filter; iif != lo drop; }\n"
                "}\n");
}

Result<void> make(LabFault fault, const LabOptions& options) {
  switch (fault) {
    case LabFault::no_return_rule:
      return drop_return_rules(options);
    case LabFault::strict_rp_filter:
      return filter_strictly(options);
    case LabFault::mtu_1280:
      return {};  // the network was built so
    case LabFault::origin_unreachable:
      return take_nothing();
  }
  return {};
}

Result<void> impair(const LabOptions& options) {
  const LabTrouble& trouble = options.trouble;
  if (trouble.loss_percent <= 0 && trouble.delay_ms == 0) return {};
  std::vector<std::string> command = {"tc", "qdisc", "add", "dev", options.wan, "root", "netem"};
  if (trouble.delay_ms > 0) {
    command.insert(command.end(), {"delay", std::to_string(trouble.delay_ms) + "ms"});
  }
  if (trouble.loss_percent > 0) {
    char percent[32];
    std::snprintf(percent, sizeof percent, "%.2f%%", trouble.loss_percent);
    command.insert(command.end(), {"loss", percent});
  }
  if (run_on(LabHost::gateway, command)) return {};
  return Error{Fault::operator_,
               "SKIPPED: loss and delay need netem (CONFIG_NET_SCH_NETEM, module sch_netem), which "
               "this kernel does not have (tc says above what it lacks)",
               0};
}

}  // namespace

std::optional<LabFault> lab_fault_from(std::string_view name) {
  for (const LabFault fault : kLabFaults) {
    if (name_of(fault) == name) return fault;
  }
  return std::nullopt;
}

std::string_view name_of(LabFault fault) {
  switch (fault) {
    case LabFault::no_return_rule:
      return "no-return-rule";
    case LabFault::strict_rp_filter:
      return "strict-rp-filter";
    case LabFault::mtu_1280:
      return "mtu-1280";
    case LabFault::origin_unreachable:
      return "origin-unreachable";
  }
  return "";
}

bool LabTrouble::has(LabFault fault) const {
  return std::find(faults.begin(), faults.end(), fault) != faults.end();
}

Result<void> make_trouble(const LabOptions& options) {
  for (const LabFault fault : options.trouble.faults) {
    const Result<void> made = make(fault, options);
    if (!made) return made;
  }
  return impair(options);
}

}  // namespace hyalite

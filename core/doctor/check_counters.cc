// What the kernel counted while somebody tried: a fingerprint for some causes.
// SPDX-License-Identifier: MIT
#include "doctor/case.h"

namespace hyalite {

namespace {

std::uint64_t growth(const Facts& facts, std::string_view name) {
  const auto before = facts.before.find(name), after = facts.after.find(name);
  if (before == facts.before.end() || after == facts.after.end()) return 0;
  return after->second > before->second ? after->second - before->second : 0;
}

std::string counted(const Facts& facts, std::string_view name) {
  return std::string(name) + " counted " + std::to_string(growth(facts, name)) + " during the try";
}

}  // namespace

void check_counters(const Case& machine, Judgement& judgement) {
  const Facts& facts = machine.facts;
  if (facts.before.empty() || facts.after.empty()) return;
  constexpr char kShow[] = "hyalite doctor --try 5";
  if (growth(facts, "loop_of_ours") > 0 && !judgement.has("loop"))
    judgement.find("loop",
                   std::to_string(growth(facts, "loop_of_ours")) +
                       " connections of the proxy came back to it during the try",
                   "set upstream.mark, and exempt it: " + machine.switch_on, kShow);
  if (growth(facts, "IPReversePathFilter") > 0 && !judgement.has("reverse_path_filter"))
    judgement.find("reverse_path_filter", counted(facts, "IPReversePathFilter"),
                   "sysctl -w " + sysctl_of("INTERFACE", "rp_filter") +
                       "=2, on the interface that clients are behind",
                   kShow);
  if (machine.keeps_ports() && growth(facts, "ListenDrops") > 0 &&
      growth(facts, "OutNoRoutes") > 0 && !judgement.has("listener_cannot_answer"))
    judgement.find("listener_cannot_answer",
                   counted(facts, "ListenDrops") + ", and OutNoRoutes too",
                   "\"transparent: yes\" for the listener in the settings, and CAP_NET_RAW for the "
                   "service",
                   kShow);
  if (machine.marks() && growth(facts, "OutRsts") > 0 && growth(facts, "TCPSynRetrans") > 0 &&
      facts.sysctl("net.ipv4.tcp_fwmark_accept").value_or(0) != 0 &&
      !judgement.has("fwmark_accept"))
    judgement.find("fwmark_accept", counted(facts, "TCPSynRetrans") + ", and OutRsts too",
                   "sysctl -w net.ipv4.tcp_fwmark_accept=0", kShow);
}

}  // namespace hyalite

// Packet rules that `hyalite intercept plan --iptables` made, found where they are and taken away.
// SPDX-License-Identifier: MIT
#include "interception/iptables_left.h"

#include <cerrno>
#include <vector>

#include "base/text.h"
#include "interception/iptables_text.h"
#include "interception/program.h"

namespace hyalite {

namespace {

bool is_ours(std::string_view chain) { return chain.starts_with(kIptablesPrefix); }

// "-A PREROUTING ... -j HYALITE_PREROUTING": in a chain of somebody else's.
bool leads_to_ours(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() < 4 || words[0] != "-A" || is_ours(words[1])) return false;
  for (std::size_t i = 2; i + 1 < words.size(); ++i) {
    if ((words[i] == "-j" || words[i] == "-g") && is_ours(words[i + 1])) return true;
  }
  return false;
}

}  // namespace

std::string iptables_removal(std::string_view saved) {
  std::string all, table, rules, emptied, removed;
  for (const std::string_view line : split(saved, '\n')) {
    if (line.starts_with('*')) {
      table = line;
    } else if (line.starts_with(':') && is_ours(line.substr(1))) {
      const std::string name(line.substr(1, line.find(' ') - 1));
      emptied += "-F " + name + '\n';
      removed += "-X " + name + '\n';
    } else if (leads_to_ours(line)) {
      rules += "-D" + std::string(line.substr(2)) + '\n';
    } else if (line == "COMMIT") {
      if (!removed.empty()) all += table + '\n' + rules + emptied + removed + "COMMIT\n";
      rules = emptied = removed = "";
    }
  }
  return all;
}

Result<bool> remove_iptables_chains() {
  bool found = false;
  for (const std::string family : {"iptables", "ip6tables"}) {
    const auto saved = run_program({{family + "-save"}, {}});
    if (!saved && saved.error().code == ENOENT) continue;
    if (!saved) return saved.error();
    // Where the kernel has no such tables, there is none of ours.
    const std::string text = *saved ? iptables_removal(saved->output) : std::string();
    if (text.empty()) continue;
    found = true;
    if (const auto done = must_run({{family + "-restore", "--noflush"}, text}); !done)
      return Error{done.error().fault,
                   "chains that `plan --iptables` made are still there: " + done.error().text +
                       "; take them away with `hyalite intercept plan --off --iptables | sh`"};
  }
  return found;
}

}  // namespace hyalite

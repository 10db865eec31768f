// Switches interception on and off, and tells what differs.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "interception/machine.h"
#include "interception/plan.h"
#include "interception/state.h"

namespace hyalite {

// All of these take the lock of the state file, and work in this process's network namespace.

struct OnRequest {
  const Settings& settings;
  const Plan& plan;
  std::string settings_file;
  bool keep_open = false;
  std::string settings_text = {};  // what the file said, for `hyalite intercept watch`
  bool only_if_on = false;         // does nothing unless it is on, with these settings
};

// Makes what the plan says and is not there yet, and takes away what is ours and not in the plan:
// twice is harmless, half of it is completed, and changed settings are taken over. What cannot be
// is found before anything changes; when something fails all the same, what was on before is on
// again, or else all that is ours is undone. With only_if_on what there is of it stays, and is on.
Result<void> switch_on(const OnRequest& request);

struct OffReport {
  bool was_on = false;
  // Connections through the proxy that had not ended when their way to it was taken: what their
  // clients send reaches origins that know nothing of it, and reset them.
  std::size_t cut_off = 0;
};

// Takes away what is ours, also what the plan for iptables made, and restores kernel settings,
// whatever half of it is there. First nothing
// new is brought to the proxy; then connections that go through it have until `drain` to end, in
// the modes in which that can be told apart.
Result<OffReport> switch_off(Milliseconds drain, const Clock& clock);

// One thing that is not as the plan has it.
struct Difference {
  enum class Kind { missing, left_over, changed };
  Kind kind = Kind::missing;
  std::string what;
};
std::string_view name_of(Difference::Kind kind);

struct Comparison {
  bool any = false;        // something of ours is there
  bool complete = false;   // `on` or `off` came to its end
  bool keep_open = false;  // it was switched on so
  std::vector<Difference> differences;
};

// Changes nothing. Needs CAP_NET_ADMIN when nft is on the machine.
Result<Comparison> compare(const Settings& settings, const MachineFacts& machine);

}  // namespace hyalite

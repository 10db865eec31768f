// From settings to all that must be done so that connections reach the proxy. Pure: nothing is
// read, nothing is changed. SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "interception/rules.h"
#include "settings/settings.h"

namespace hyalite {

// What a plan must know of the machine; machine.h finds it out.
struct MachineFacts {
  bool ipv6 = true;
  std::map<std::string, std::uint32_t, std::less<>> user_ids;  // of interception.exempt.users
  // Where this machine's own connections come from; for interception.local: routing.
  std::optional<IpAddress> own_v4, own_v6;
};

struct PlanOptions {
  // Connections that are open stay as they are, in the modes that cannot tell them from new ones.
  bool keep_open = false;
};

using Step = std::variant<Sysctl, RouteEntry, RoutingRule, FirstRuleMoves, PacketTable>;

// The steps in the order in which they are taken when interception is switched on: whatever brings
// connections here comes last. Switching off takes them back in the reverse order.
struct Plan {
  std::vector<Step> steps;
  std::vector<std::string> notes;  // what an operator should know before; one sentence each

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Step& step : steps) {
      if (const T* it = std::get_if<T>(&step)) found.push_back(*it);
    }
    return found;
  }
};

// Is anything to be brought here?
bool intercepts(const Settings& settings);

// The listener that tproxy and redirect bring connections to: interception.listener, or the first.
// Null when there is none of that name.
const ListenerSettings* interception_listener(const Settings& settings);

// Settings that passed `hyalite check` and intercept something. The operator's fault: an unknown
// user, or own_v4 and own_v6 not known where they are needed.
Result<Plan> make_plan(const Settings& settings, const MachineFacts& machine,
                       const PlanOptions& options = {});

// How it is written for the programs that do it, without the program's own name and verb.
std::string text_of(const RoutingRule& rule);  // "pref 100 iif lan ... lookup 100 protocol 72"
std::string text_of(const RouteEntry& route);  // "local default dev lo table 100 protocol 72"
// The whole file for `nft -f -`: replaces the table at once.
std::string nft_text(const PacketTable& table);
// The table alone.
std::string nft_table_text(const PacketTable& table);

// A program and its arguments, and what it reads, if anything.
struct ToolCommand {
  std::vector<std::string> words;
  std::string input;
};
std::vector<ToolCommand> commands_on(const Plan& plan);
// Without kernel settings: what these were before is for `off` to know, and for the notes to say.
std::vector<ToolCommand> commands_off(const Plan& plan);
std::vector<std::string> notes_off(const Plan& plan);

}  // namespace hyalite

// Is what is there what the plan says?
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "interception/installer.h"

namespace hyalite {

namespace {

using Kind = Difference::Kind;

std::string ip_text(Family family, const char* what, const std::string& text) {
  return std::string("ip ") + (family == Family::v4 ? "-4 " : "-6 ") + what + ' ' + text;
}

class Comparing {
 public:
  Comparing(const Plan& plan, const Presence& presence, const InterceptState& state)
      : plan_(plan), presence_(presence), state_(state) {}

  std::vector<Difference> run() {
    compare_each<RoutingRule>(presence_.rules, "rule", [](const FoundRule& it) { return it.rule; });
    compare_each<RouteEntry>(presence_.routes, "route",
                             [](const FoundRoute& it) { return it.route; });
    compare_first_rules();
    compare_sysctls();
    compare_packets();
    return std::move(differences_);
  }

 private:
  void add(Kind kind, std::string what) { differences_.push_back({kind, std::move(what)}); }

  template <class T, class Found, class Inner>
  void compare_each(const std::vector<Found>& found, const char* what, Inner inner) {
    const std::vector<T> planned = plan_.all<T>();
    for (const T& one : planned) {
      const auto same = [&](const Found& it) { return !it.more && inner(it) == one; };
      if (std::none_of(found.begin(), found.end(), same))
        add(Kind::missing, ip_text(one.family, what, text_of(one)));
    }
    for (const Found& it : found) {
      const T one = inner(it);
      if (it.more || std::find(planned.begin(), planned.end(), one) == planned.end())
        add(Kind::left_over, ip_text(one.family, what, text_of(one)));
    }
  }

  void compare_first_rules() {
    for (const FirstRuleMoves& moved : plan_.all<FirstRuleMoves>()) {
      const auto& there = presence_.first_rule;
      if (std::find(there.begin(), there.end(), moved.family) != there.end())
        add(Kind::left_over, ip_text(moved.family, "rule", "pref 0 lookup local"));
    }
  }

  void compare_sysctls() {
    for (const Sysctl& sysctl : plan_.all<Sysctl>()) {
      const auto now = read_sysctl(sysctl.name);
      if (now == sysctl.value || (!now && sysctl.optional)) continue;
      add(now ? Kind::changed : Kind::missing,
          sysctl.name + " is " + now.value_or("absent") + ", not " + sysctl.value);
    }
  }

  void compare_packets() {
    const std::string name = "nft table inet " + std::string(kPacketTable);
    const auto tables = plan_.all<PacketTable>();
    if (tables.empty()) {
      if (presence_.packets) add(Kind::left_over, name);
    } else if (!presence_.packets) {
      add(Kind::missing, name);
    } else if (nft_text(tables.front()) != state_.packets_text) {
      add(Kind::changed, name + ": it was made from other settings");
    } else if (*presence_.packets != state_.packets_listing) {
      add(Kind::changed, name + ": another program changed it");
    }
  }

  const Plan& plan_;
  const Presence& presence_;
  const InterceptState& state_;
  std::vector<Difference> differences_;
};

}  // namespace

Result<Comparison> compare(const Settings& settings, const MachineFacts& machine) {
  const StateFile file;
  const auto state = file.read();
  if (!state) return state.error();
  const auto presence = find_ours();
  if (!presence) return presence.error();
  Comparison result;
  result.any = !presence->nothing() || state->has_value();
  const InterceptState remembered = state->value_or(InterceptState{});
  result.complete = remembered.complete;
  result.keep_open = remembered.keep_open;
  Plan plan;
  if (intercepts(settings)) {
    auto made = make_plan(settings, machine, {remembered.keep_open});
    if (!made) return made.error();
    plan = std::move(*made);
  }
  result.differences = Comparing(plan, *presence, remembered).run();
  return result;
}

}  // namespace hyalite

// Switches interception on and off.
// SPDX-License-Identifier: MIT
#include "interception/installer.h"

#include <poll.h>

#include <algorithm>

#include "interception/iptables_left.h"
#include "interception/open_flows.h"
#include "interception/program.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

template <class T, class U>
bool among(const std::vector<T>& all, const U& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool has(const std::vector<FoundRule>& found, const RoutingRule& rule) {
  return std::any_of(found.begin(), found.end(),
                     [&](const FoundRule& it) { return !it.more && it.rule == rule; });
}
bool has(const std::vector<FoundRoute>& found, const RouteEntry& route) {
  return std::any_of(found.begin(), found.end(),
                     [&](const FoundRoute& it) { return !it.more && it.route == route; });
}

Result<void> run_all(const Plan& plan, bool on) {
  for (const ToolCommand& command : on ? commands_on(plan) : commands_off(plan)) {
    if (const auto done = must_run(command); !done) return done.error();
  }
  return {};
}

Result<void> take(const Step& step) { return run_all(Plan{{step}, {}}, true); }
Result<void> take_back(const Step& step) { return run_all(Plan{{step}, {}}, false); }

// A connection that is on its way meets these whatever it is; they go first and come last.
bool captures(const FoundRule& it) {
  return it.rule.action == RoutingRule::Action::lookup && !it.rule.mark &&
         it.rule.ip_protocol == "tcp";
}
bool captures(const FoundRoute& it) { return it.route.table == kLocalTable; }

// Takes away all of `presence` that the plan does not have; an empty plan has nothing.
class Removal {
 public:
  Removal(const Presence& presence, const Plan& plan)
      : presence_(presence),
        rules_(plan.all<RoutingRule>()),
        routes_(plan.all<RouteEntry>()),
        moved_(plan.all<FirstRuleMoves>()),
        packets_(!plan.all<PacketTable>().empty()) {}

  Result<void> run() const {
    if (auto done = remove(true); !done) return done;
    if (presence_.packets && !packets_) {
      if (auto done = take_back(PacketTable{}); !done) return done;
    }
    // Before our own rule for the local table goes: there is always one.
    if (auto done = restore_first_rules(); !done) return done;
    return remove(false);
  }

 private:
  Result<void> remove(bool capturing) const {
    for (const FoundRule& found : presence_.rules) {
      if (captures(found) != capturing || among(rules_, found.rule)) continue;
      if (auto done = take_back(found.rule); !done) return done;
    }
    for (const FoundRoute& found : presence_.routes) {
      if (captures(found) != capturing || is_in_plan(found.route)) continue;
      if (auto done = take_back(found.route); !done) return done;
    }
    return {};
  }

  // One to the same destination has replaced it: deleting the old one would hit the new one.
  bool is_in_plan(const RouteEntry& found) const {
    return std::any_of(routes_.begin(), routes_.end(), [&](const RouteEntry& it) {
      return it.family == found.family && it.table == found.table &&
             it.destination == found.destination;
    });
  }

  Result<void> restore_first_rules() const {
    for (const Family family : kFamilies) {
      const bool ours = std::any_of(
          presence_.rules.begin(), presence_.rules.end(), [family](const FoundRule& found) {
            return found.rule.family == family && found.rule.target == kLocalTable;
          });
      if (!ours || among(presence_.first_rule, family) || among(moved_, FirstRuleMoves{family}))
        continue;
      if (auto done = take_back(FirstRuleMoves{family}); !done) return done;
    }
    return {};
  }

  const Presence& presence_;
  std::vector<RoutingRule> rules_;
  std::vector<RouteEntry> routes_;
  std::vector<FirstRuleMoves> moved_;
  bool packets_;
};

// Kernel settings that others have changed since are theirs.
Result<void> restore_sysctls(const std::vector<InterceptState::Changed>& changed) {
  for (const auto& it : changed) {
    const auto now = read_sysctl(it.name);
    if (now != it.set || it.before == it.set) continue;
    if (auto done = write_sysctl(it.name, it.before); !done) return done;
  }
  return {};
}

Result<void> undo(const StateFile& file, const InterceptState& state) {
  const auto presence = find_ours();
  if (!presence) return presence.error();
  if (auto done = Removal(*presence, Plan{}).run(); !done) return done;
  if (auto done = restore_sysctls(state.sysctls); !done) return done;
  return file.remove();
}

// What the file will say once the plan is there: previous values are remembered from the first
// time, not from when they were ours already.
InterceptState state_for(const OnRequest& request, const std::optional<InterceptState>& before) {
  InterceptState state;
  state.settings_file = request.settings_file;
  state.settings_text = request.settings_text;
  state.keep_open = request.keep_open;
  state.ports = request.settings.interception.ports;
  for (const ListenerSettings& listener : request.settings.listeners) {
    if (!listener.anyip.empty() && !among(state.ports, listener.address.port))
      state.ports.push_back(listener.address.port);
  }
  const bool redirects = request.settings.interception.mode == InterceptionMode::redirect ||
                         request.settings.interception.local == LocalCapture::redirect;
  if (const auto* listener = interception_listener(request.settings); redirects && listener)
    state.listener_port = listener->address.port;
  for (const Sysctl& sysctl : request.plan.all<Sysctl>()) {
    const auto now = read_sysctl(sysctl.name);
    if (!now) continue;  // optional, and absent
    InterceptState::Changed changed{sysctl.name, *now, sysctl.value};
    if (before) {
      for (const auto& it : before->sysctls) {
        if (it.name == sysctl.name) changed.before = it.before;
      }
    }
    state.sysctls.push_back(changed);
  }
  for (const PacketTable& table : request.plan.all<PacketTable>())
    state.packets_text = nft_text(table);
  return state;
}

Result<void> take_missing(const Plan& plan, const Presence& presence) {
  for (const Step& step : plan.steps) {
    const auto* rule = std::get_if<RoutingRule>(&step);
    const auto* route = std::get_if<RouteEntry>(&step);
    const auto* first = std::get_if<FirstRuleMoves>(&step);
    const bool there = (rule != nullptr && has(presence.rules, *rule)) ||
                       (route != nullptr && has(presence.routes, *route)) ||
                       (first != nullptr && !among(presence.first_rule, first->family)) ||
                       std::holds_alternative<Sysctl>(step);
    if (there) continue;
    if (auto done = take(step); !done) return done;
  }
  return {};
}

Result<void> set_sysctls(const InterceptState& state, const std::optional<InterceptState>& before) {
  for (const auto& it : state.sysctls) {
    if (auto done = write_sysctl(it.name, it.set); !done) return done;
  }
  if (!before) return {};
  std::vector<InterceptState::Changed> no_longer;
  for (const auto& old : before->sysctls) {
    const auto same = [&](const auto& it) { return it.name == old.name; };
    if (std::none_of(state.sysctls.begin(), state.sysctls.end(), same)) no_longer.push_back(old);
  }
  return restore_sysctls(no_longer);
}

Result<void> make_it_so(const OnRequest& request, InterceptState& state,
                        const std::optional<InterceptState>& before, const Presence& presence) {
  if (auto done = set_sysctls(state, before); !done) return done;
  if (auto done = take_missing(request.plan, presence); !done) return done;
  if (auto done = Removal(presence, request.plan).run(); !done) return done;
  const auto listing = packet_listing();
  if (!listing) return listing.error();
  state.packets_listing = listing->value_or("");
  state.complete = true;
  return {};
}

// What both must not forget: settings that an earlier plan changed are restored by whichever comes
// to its end. One that both change may have either value when neither comes to it, and is ours with
// both.
InterceptState with_all_sysctls(InterceptState state, const std::optional<InterceptState>& before) {
  if (!before) return state;
  for (const auto& old : before->sysctls) {
    if (!among(state.sysctls, old)) state.sysctls.push_back(old);
  }
  return state;
}

// While it is put back, the file says what it was: whoever fails, or is killed, leaves all of it to
// the next try.
InterceptState kept_on(InterceptState before, const InterceptState& remembered) {
  before.sysctls = remembered.sysctls;
  return before;
}

// From the settings that it was made of. `now` knows what kernel settings were before any of it.
Result<void> put_back(const StateFile& file, const InterceptState& was, const InterceptState& now) {
  const SettingsRead read = read_settings(was.settings_text, was.settings_file);
  if (!read) return Error{Fault::us, text_of(read.mistakes)};
  const auto plan = make_plan(read.settings, look_at_machine(read.settings), {was.keep_open});
  if (!plan) return plan.error();
  const auto presence = find_ours();
  if (!presence) return presence.error();
  const OnRequest request{read.settings, *plan, was.settings_file, was.keep_open,
                          was.settings_text};
  InterceptState state = state_for(request, now);
  if (auto done = make_it_so(request, state, now, *presence); !done) return done;
  return file.write(state);
}

// Nothing new is brought to the proxy; what goes through it goes on. The rules stay: with the last
// one that needs it, connection tracking would go, and with it what was redirected. False: routes
// bring connections here, which cannot tell old from new.
bool stop_beginning() {
  const std::vector<std::string> insert = {"nft", "insert", "rule", "inet",
                                           std::string(kPacketTable)};
  bool stopped = false;
  // This machine's own are known by a mark from their beginning on.
  for (const std::vector<std::string>& rule :
       {std::vector<std::string>{"beginning", "accept"},
        {"own", "tcp", "flags", "syn", "/", "fin,syn,rst,ack", "accept"}}) {
    std::vector<std::string> words = insert;
    words.insert(words.end(), rule.begin(), rule.end());
    const auto done = run_program({std::move(words), {}});
    if (done && *done) stopped = true;
  }
  return stopped;
}

std::size_t wait_for_end(const InterceptState& state, Milliseconds drain, const Clock& clock) {
  constexpr int kLookAgain = 100;  // milliseconds
  const Monotonic deadline = clock.now() + drain;
  std::size_t open = count_open_flows(state);
  while (open > 0 && clock.now() < deadline) {
    ::poll(nullptr, 0, kLookAgain);
    open = count_open_flows(state);
  }
  return open;
}

// Somebody may have switched it off, or on otherwise, while we waited for the lock.
bool is_on_as(const OnRequest& request, const std::optional<InterceptState>& state) {
  return state && state->complete && state->settings_text == request.settings_text &&
         state->keep_open == request.keep_open;
}

}  // namespace

Result<void> switch_on(const OnRequest& request) {
  if (auto fine = find_obstacles(request.settings, request.plan); !fine) return fine;
  const StateFile file;
  const auto lock = file.lock();
  if (!lock) return lock.error();
  const auto before = file.read();
  if (!before) return before.error();
  if (request.only_if_on && !is_on_as(request, *before)) return {};
  const auto presence = find_ours();
  if (!presence) return presence.error();
  InterceptState state = state_for(request, *before);
  const InterceptState remembered = with_all_sysctls(state, *before);
  if (auto written = file.write(request.only_if_on ? kept_on(**before, remembered) : remembered);
      !written)
    return written;
  if (auto done = make_it_so(request, state, *before, *presence); !done) {
    // What is left of it goes on bringing traffic here: nobody asked for it to end.
    if (request.only_if_on) return done.error();
    // Nor for it to end when they wanted it otherwise.
    if (*before && (*before)->complete && put_back(file, **before, remembered))
      return Error{done.error().fault, done.error().text + "; what was on before is on again"};
    const auto undone = undo(file, remembered);
    return Error{done.error().fault,
                 done.error().text + (undone ? "; all of it was undone"
                                             : "; and undoing it failed: " + undone.error().text)};
  }
  return file.write(state);
}

Result<OffReport> switch_off(Milliseconds drain, const Clock& clock) {
  const StateFile file;
  const auto lock = file.lock();
  if (!lock) return lock.error();
  const auto remembered = file.read();
  const auto presence = find_ours();
  if (!presence) return presence.error();
  OffReport report;
  InterceptState state;
  if (remembered && *remembered) state = **remembered;
  report.was_on = !presence->nothing() || (remembered && *remembered);
  if (report.was_on && remembered && *remembered) {
    state.complete = false;
    if (auto written = file.write(state); !written) return written.error();
  }
  const bool stopped = presence->packets && stop_beginning();
  report.cut_off = wait_for_end(state, stopped ? drain : Milliseconds{0}, clock);
  // Before the routes that they need: else what they still bring here is lost without an answer.
  const auto iptables = remove_iptables_chains();
  if (!iptables) return iptables.error();
  report.was_on = report.was_on || *iptables;
  if (auto done = undo(file, state); !done) return done.error();
  if (!remembered) return remembered.error();
  return report;
}

std::string_view name_of(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::missing:
      return "missing";
    case Difference::Kind::left_over:
      return "left over";
    case Difference::Kind::changed:
      return "changed";
  }
  return "";
}

}  // namespace hyalite

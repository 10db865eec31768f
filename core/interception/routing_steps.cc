// The routing rules and routes of a plan.
// SPDX-License-Identifier: MIT
#include <utility>

#include "interception/building.h"

namespace hyalite {

namespace {

// Where rules stand from interception.preference on.
enum Place : std::uint32_t {
  kExempt = 0,
  kQuic = 1,
  kClients = 2,
  kAnswers = 3,
  kOwn = 4,
  kEnd = 9
};
// For anyip, before everything that the machine has.
constexpr std::uint32_t kNamedPreference = 1, kLocalPreference = 2, kNamedEnd = 3;

constexpr std::uint16_t kHttps = 443;

class Builder {
 public:
  Builder(const Intention& intention, const std::vector<std::uint32_t>& users, Family family)
      : it_(intention), users_(users), family_(family) {}

  RoutingSteps build() {
    if (uses_table()) add_routes();
    add_exemptions();
    add_quic();
    add_clients();
    add_answers();
    add_own();
    if (jumps_) add(rule_at(kEnd, RoutingRule::Action::nop), steps_.before);
    add_anyip();
    return std::move(steps_);
  }

 private:
  bool by_mark() const { return it_.from_clients() && it_.mode(InterceptionMode::tproxy); }
  bool by_port() const { return it_.from_clients() && it_.keeps_ports(); }
  bool uses_table() const {
    return by_mark() || by_port() || it_.brings_answers() || it_.local(LocalCapture::tproxy) ||
           it_.local(LocalCapture::routing);
  }

  static void add(Step step, std::vector<Step>& to) { to.push_back(std::move(step)); }

  RoutingRule rule_at(Place place, RoutingRule::Action action) const {
    RoutingRule rule;
    rule.family = family_;
    rule.preference = static_cast<std::uint32_t>(it_.interception.preference) + place;
    rule.action = action;
    if (action == RoutingRule::Action::go_to)
      rule.target = static_cast<std::uint32_t>(it_.interception.preference) + kEnd;
    return rule;
  }
  RoutingRule look_up(Place where, const std::string& iif) const {
    RoutingRule rule = rule_at(where, RoutingRule::Action::lookup);
    rule.iif = iif;
    rule.target = static_cast<std::uint32_t>(it_.interception.table);
    return rule;
  }
  // To the rules behind ours, as if ours were not there.
  RoutingRule skip(const std::string& iif = {}) {
    jumps_ = true;
    RoutingRule rule = rule_at(kExempt, RoutingRule::Action::go_to);
    rule.iif = iif;
    return rule;
  }
  static RoutingRule::Mark mark(std::uint32_t bits) { return {bits, bits}; }

  void add_routes() {
    const auto table = static_cast<std::uint32_t>(it_.interception.table);
    RouteEntry route{family_, RouteEntry::Kind::local, {}, table, {}};
    if (it_.local(LocalCapture::routing))
      route.source = family_ == Family::v4 ? it_.machine.own_v4 : it_.machine.own_v6;
    add(route, steps_.before);
    if (!by_port() && !it_.local(LocalCapture::routing)) return;
    for (const Network& network : of_family(it_.interception.exempt.destinations, family_))
      add(RouteEntry{family_, RouteEntry::Kind::throws, network, table, {}}, steps_.before);
  }

  void add_exemptions() {
    if (it_.keeps_open() && it_.cuts_open_by_port()) {
      RoutingRule rule = skip();
      rule.mark = mark(it_.interception.keep_mark);
      add(rule, steps_.before);
    }
    if (by_port()) add_exempt_clients();
    if (!it_.local(LocalCapture::routing)) return;
    RoutingRule ours = skip("lo");
    ours.mark = mark(it_.settings.upstream.mark);
    add(ours, steps_.before);
    for (const std::uint32_t user : users_) {
      RoutingRule rule = skip("lo");
      rule.user = user;
      add(rule, steps_.before);
    }
  }

  void add_exempt_clients() {
    for (const Network& client : of_family(it_.interception.exempt.clients, family_)) {
      for (const std::string& interface : it_.interception.client_interfaces) {
        RoutingRule rule = skip(interface);
        rule.from = client;
        add(rule, steps_.before);
      }
      if (!answers_by_port()) continue;
      for (const std::string& interface : it_.interception.origin_interfaces) {
        RoutingRule rule = skip(interface);
        rule.to = client;
        add(rule, steps_.before);
      }
    }
    if (!answers_by_port()) return;
    for (const Network& origin : of_family(it_.interception.exempt.destinations, family_)) {
      for (const std::string& interface : it_.interception.origin_interfaces) {
        RoutingRule rule = skip(interface);
        rule.from = origin;
        add(rule, steps_.before);
      }
    }
  }

  // Without a rule for packets, QUIC is refused by routing.
  void add_quic() {
    if (!it_.refuses_quic()) return;
    std::vector<std::string> interfaces;
    if (by_port()) interfaces = it_.interception.client_interfaces;
    if (it_.local(LocalCapture::routing)) interfaces.emplace_back("lo");
    for (const std::string& interface : interfaces) {
      for (const Network& to : of_family(it_.interception.exempt.destinations, family_)) {
        RoutingRule rule = skip(interface);
        rule.to = to;
        rule.ip_protocol = "udp";
        rule.dport = kHttps;
        add(rule, steps_.before);
      }
      RoutingRule rule = rule_at(kQuic, RoutingRule::Action::prohibit);
      rule.iif = interface;
      rule.ip_protocol = "udp";
      rule.dport = kHttps;
      add(rule, steps_.before);
    }
  }

  void add_by_port(Place where, const std::string& interface) {
    for (const std::uint16_t port : it_.interception.ports) {
      RoutingRule rule = look_up(where, interface);
      rule.ip_protocol = "tcp";
      rule.dport = port;
      add(rule, steps_.capturing);
    }
  }

  void add_clients() {
    for (const std::string& interface : it_.interception.client_interfaces) {
      if (by_port()) add_by_port(kClients, interface);
      if (!by_mark()) continue;
      RoutingRule rule = look_up(kClients, interface);
      rule.mark = mark(it_.interception.mark);
      add(rule, steps_.before);
    }
  }

  bool answers_by_port() const {
    return it_.brings_answers() && it_.mode(InterceptionMode::routing) && it_.from_clients();
  }

  void add_answers() {
    if (!it_.brings_answers()) return;
    if (answers_by_port()) return add_answers_by_port();
    const std::vector<std::string> interfaces =
        by_mark() ? it_.outer_interfaces() : it_.interception.origin_interfaces;
    for (const std::string& interface : interfaces) {
      RoutingRule rule = look_up(kAnswers, interface);
      rule.mark = mark(it_.interception.mark);
      add(rule, steps_.before);
    }
  }

  void add_answers_by_port() {
    for (const std::string& interface : it_.interception.origin_interfaces) {
      for (const std::uint16_t port : it_.interception.ports) {
        RoutingRule rule = look_up(kAnswers, interface);
        rule.ip_protocol = "tcp";
        rule.sport = port;
        add(rule, steps_.capturing);
      }
    }
  }

  void add_own() {
    if (it_.local(LocalCapture::routing)) add_by_port(kOwn, "lo");
    if (!it_.local(LocalCapture::tproxy)) return;
    RoutingRule rule = look_up(kOwn, "lo");
    rule.mark = mark(it_.interception.mark);
    add(rule, steps_.before);
  }

  RoutingRule pass_over_local() const {
    RoutingRule rule;
    rule.family = family_;
    rule.preference = kNamedPreference;
    rule.action = RoutingRule::Action::go_to;
    rule.target = kNamedEnd;
    return rule;
  }

  void add_exempt_from(const std::vector<Network>& named) {
    if (it_.keeps_open()) {
      RoutingRule rule = pass_over_local();
      rule.mark = mark(it_.interception.keep_mark);
      add(rule, steps_.before);
    }
    const auto& exempt = it_.interception.exempt;
    for (const Network& network : named) {
      for (const Network& client : of_family(exempt.clients, family_)) {
        RoutingRule rule = pass_over_local();
        rule.from = client;
        rule.to = network;
        add(rule, steps_.before);
      }
      for (const Network& destination : of_family(exempt.destinations, family_)) {
        if (!network.contains(destination)) continue;
        RoutingRule rule = pass_over_local();
        rule.to = destination;
        add(rule, steps_.before);
      }
    }
  }

  // Named destinations are this machine's for what arrives, and where they always were for what it
  // sends, and for the check of where answers come from (rp_filter).
  void add_anyip() {
    const std::vector<Network> named = of_family(it_.anyip(), family_);
    if (named.empty()) return;
    RoutingRule local;
    local.family = family_;
    local.preference = kLocalPreference;
    local.target = kLocalTable;
    add(local, steps_.before);
    for (const Network& network : named) {
      RoutingRule rule = pass_over_local();
      rule.iif = "lo";
      rule.to = network;
      add(rule, steps_.before);
    }
    add_exempt_from(named);
    RoutingRule end;
    end.family = family_;
    end.preference = kNamedEnd;
    end.action = RoutingRule::Action::nop;
    add(end, steps_.before);
    add(FirstRuleMoves{family_}, steps_.before);
    for (const Network& network : named)
      add(RouteEntry{family_, RouteEntry::Kind::local, network, kLocalTable, {}}, steps_.capturing);
  }

  const Intention& it_;
  const std::vector<std::uint32_t>& users_;
  Family family_;
  RoutingSteps steps_;
  bool jumps_ = false;
};

}  // namespace

RoutingSteps routing_steps(const Intention& intention, const std::vector<std::uint32_t>& users) {
  RoutingSteps all;
  for (const Family family : intention.families()) {
    RoutingSteps steps = Builder(intention, users, family).build();
    all.before.insert(all.before.end(), steps.before.begin(), steps.before.end());
    all.capturing.insert(all.capturing.end(), steps.capturing.begin(), steps.capturing.end());
  }
  return all;
}

}  // namespace hyalite

// A healthy gateway in mode tproxy, for tests to break.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "doctor/case.h"

namespace hyalite {

// What nft 1.0.6 says of the packet rules of mode tproxy.
inline const std::string kHealthyRules = R"json({"nftables": [
{"metainfo":{"version":"1.0.6","release_name":"Lester Gooch #5","json_schema_version":1}},
{"table":{"family":"inet","name":"hyalite","handle":3}},
{"chain":{"family":"inet","table":"hyalite","name":"prerouting","handle":1,"type":"filter","hook":"prerouting","prio":-150,"policy":"accept"}},
{"chain":{"family":"inet","table":"hyalite","name":"beginning","handle":2}},
{"chain":{"family":"inet","table":"hyalite","name":"input","handle":3,"type":"filter","hook":"input","prio":0,"policy":"accept"}},
{"rule":{"family":"inet","table":"hyalite","chain":"prerouting","handle":5,"expr":[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":{"set":["lan","wan"]}}},{"match":{"op":"==","left":{"fib":{"result":"type","flags":["daddr"]}},"right":"local"}},{"accept":null}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"prerouting","handle":7,"expr":[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"lan"}},{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":{"set":[80,443]}}},{"match":{"op":"==","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},["fin","syn","rst","ack"]]},"right":"syn"}},{"jump":{"target":"beginning"}}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"prerouting","handle":9,"expr":[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":{"set":["lan","wan"]}}},{"match":{"op":"==","left":{"socket":{"key":"wildcard"}},"right":1}},{"accept":null}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"prerouting","handle":11,"expr":[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":{"set":["lan","wan"]}}},{"match":{"op":"==","left":{"socket":{"key":"transparent"}},"right":1}},{"mangle":{"key":{"meta":{"key":"mark"}},"value":{"|":[{"meta":{"key":"mark"}},1048576]}}},{"accept":null}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"prerouting","handle":12,"expr":[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"lan"}},{"match":{"op":"==","left":{"payload":{"protocol":"udp","field":"dport"}},"right":443}},{"reject":{"type":"icmpx","expr":"port-unreachable"}}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"beginning","handle":13,"expr":[{"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"tcp"}},{"tproxy":{"port":8080}},{"mangle":{"key":{"meta":{"key":"mark"}},"value":{"|":[{"meta":{"key":"mark"}},1048576]}}},{"accept":null}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"beginning","handle":14,"expr":[{"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"tcp"}},{"reject":{"type":"tcp reset"}}]}},
{"rule":{"family":"inet","table":"hyalite","chain":"input","handle":15,"expr":[{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"wan"}},{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":8080}},{"match":{"op":"==","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},["fin","syn","rst","ack"]]},"right":"syn"}},{"reject":{"type":"tcp reset"}}]}}
]}
)json";

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? "not there: " + from : text.replace(at, from.size(), to);
}

inline Settings healthy_settings() {
  Settings settings;
  ListenerSettings listener;
  listener.address = *Address::parse("[::]:8080");
  settings.listeners.push_back(listener);
  settings.interception.client_interfaces = {"lan"};
  settings.interception.origin_interfaces = {"wan"};
  return settings;
}

inline ProbeFact local_probe(ProbeFact::What what, bool v6, const std::string& interface) {
  ProbeFact probe;
  probe.what = what;
  probe.v6 = v6;
  probe.interface = interface;
  probe.type = "local";
  probe.table = "100";
  probe.device = "lo";
  return probe;
}

inline Facts healthy_facts() {
  Facts facts;
  facts.links = {std::vector<LinkFact>{
                     {"lo", "", "", true}, {"lan", "veth", "", true}, {"wan", "veth", "", true}},
                 {}};
  facts.addresses = {std::vector<AddressFact>{{"lan", *IpAddress::parse("10.71.1.1"), 24, true},
                                              {"lan", *IpAddress::parse("fd71:1::1"), 64, true}},
                     {}};
  std::vector<RuleFact> rules;
  std::vector<RouteFact> routes;
  for (const bool v6 : {false, true}) {
    for (const char* interface : {"lan", "wan"}) {
      RuleFact rule;
      rule.v6 = v6;
      rule.preference = 100;
      rule.iif = interface;
      rule.mark = rule.mask = 0x100000;
      rule.table = "100";
      rules.push_back(rule);
      facts.probes.push_back(local_probe(
          interface == std::string("lan") ? ProbeFact::What::arriving : ProbeFact::What::answering,
          v6, interface));
    }
    routes.push_back({v6, "local", "default", "100", "lo", "", "", false});
  }
  routes.push_back({false, "local", "10.71.1.1", "local", "lan", "", "", false});
  routes.push_back({true, "local", "fd71:1::1", "local", "lan", "", "", false});
  facts.rules = {rules, {}};
  facts.routes = {routes, {}};
  ListenerFact listener;
  listener.ip = *IpAddress::parse("::");
  listener.port = 8080;
  listener.v6 = listener.transparent = true;
  facts.listeners = {std::vector<ListenerFact>{listener}, {}};
  facts.ruleset = {*read_ruleset(kHealthyRules), {}};
  facts.rules_try = {RulesTry{}, {}};
  facts.off = {false, {}};
  facts.processes = {std::vector<ProcessFact>{{7, true, true, true}}, {}};
  facts.sysctls = {{"net.ipv4.ip_forward", "1"}, {"net.ipv6.conf.all.forwarding", "1"}};
  return facts;
}

inline std::vector<std::string> found(const Facts& facts,
                                      const Settings& settings = healthy_settings()) {
  std::vector<std::string> ids;
  for (const Diagnosis& it : judge(Case(facts, settings, "hyalite intercept on")).findings())
    ids.emplace_back(it.id);
  return ids;
}

}  // namespace hyalite

// The rules and routes that the machine has, as `ip` tells them.
// SPDX-License-Identifier: MIT
#include "interception/found.h"

#include <charconv>

#include "base/text.h"
#include "interception/program.h"
#include "settings/json.h"

namespace hyalite {

namespace {

// 9, "9" or "0x9"; 0 for everything else.
std::uint32_t number_of(JsonView view) {
  if (const auto integer = view.integer()) return static_cast<std::uint32_t>(*integer);
  std::string_view text = view.string().value_or("");
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return value;
}

// -N keeps names away; these two may still be spelt.
std::uint32_t table_of(JsonView view) {
  const std::string_view text = view.string().value_or("");
  if (text == "local") return kLocalTable;
  if (text == "main") return kMainTable;
  return number_of(view);
}

std::optional<Network> network_of(JsonView address, JsonView bits) {
  const auto text = address.string();
  if (!text || *text == "all" || *text == "default") return std::nullopt;
  if (!bits.is(JsonView::Type::integer)) return Network::parse(*text);
  return Network::parse(std::string(*text) + '/' + std::to_string(*bits.integer()));
}

bool has(JsonView view, std::string_view name) {
  return !view.member(name).is(JsonView::Type::absent);
}

std::string ip_protocol_of(JsonView view) {
  const std::string_view text = view.string().value_or("");
  if (text == "ipproto-6") return "tcp";
  if (text == "ipproto-17") return "udp";
  return std::string(text);
}

void read_action(JsonView view, FoundRule& found) {
  RoutingRule& rule = found.rule;
  if (has(view, "goto")) {
    rule.action = RoutingRule::Action::go_to;
    rule.target = number_of(view.member("goto"));
  } else if (has(view, "nop")) {
    rule.action = RoutingRule::Action::nop;
  } else if (has(view, "action")) {
    rule.action = RoutingRule::Action::prohibit;
    const std::string_view action = view.member("action").string().value_or("");
    found.more = found.more || (action != "prohibit" && action != "8");
  } else {
    rule.target = table_of(view.member("table"));
  }
}

void read_user(JsonView view, FoundRule& found) {
  if (!has(view, "uid_start")) return;
  found.rule.user = number_of(view.member("uid_start"));
  found.more = found.more || *found.rule.user != number_of(view.member("uid_end"));
}

FoundRule rule_of(JsonView view, Family family) {
  FoundRule found;
  RoutingRule& rule = found.rule;
  rule.family = family;
  rule.preference = number_of(view.member("priority"));
  rule.iif = std::string(view.member("iif").string().value_or(""));
  rule.from = network_of(view.member("src"), view.member("srclen"));
  rule.to = network_of(view.member("dst"), view.member("dstlen"));
  if (has(view, "fwmark")) {
    rule.mark = {number_of(view.member("fwmark")), UINT32_MAX};
    if (has(view, "fwmask")) rule.mark->mask = number_of(view.member("fwmask"));
  }
  rule.ip_protocol = ip_protocol_of(view.member("ipproto"));
  rule.sport = static_cast<std::uint16_t>(number_of(view.member("sport")));
  rule.dport = static_cast<std::uint16_t>(number_of(view.member("dport")));
  for (const char* name : {"not", "oif", "tos", "dsfield", "tun_id", "suppress_prefixlen",
                           "suppress_ifgroup", "sport_start", "dport_start", "l3mdev", "flow_from",
                           "flow_to", "nat_gateway", "masquerade"})
    found.more = found.more || has(view, name);
  read_user(view, found);
  read_action(view, found);
  found.protocol = number_of(view.member("protocol"));
  found.text = view.text();
  return found;
}

FoundRoute route_of(JsonView view, Family family, std::uint32_t table, std::uint32_t protocol) {
  FoundRoute found;
  const std::string_view type = view.member("type").string().value_or("");
  found.route.family = family;
  found.route.kind =
      type == "throw" || type == "9" ? RouteEntry::Kind::throws : RouteEntry::Kind::local;
  found.more = found.route.kind == RouteEntry::Kind::local &&
               ((type != "local" && type != "2") || view.member("dev").string() != "lo");
  found.route.destination = network_of(view.member("dst"), JsonView());
  found.route.table = has(view, "table") ? table_of(view.member("table")) : table;
  if (const auto source = view.member("prefsrc").string())
    found.route.source = IpAddress::parse(*source);
  found.protocol = has(view, "protocol") ? number_of(view.member("protocol")) : protocol;
  found.text = view.text();
  return found;
}

template <class T, class Read>
Result<std::vector<T>> parse_list(std::string_view json, Read read) {
  std::vector<T> all;
  if (trim(json).empty()) return all;
  const auto document = JsonDocument::parse(trim(json));
  if (!document) return Error{Fault::us, "ip printed what is not JSON: " + document.error().text};
  const JsonView list = document->root();
  for (std::size_t i = 0; i < list.size(); ++i) {
    // An empty object is what ip makes of what it leaves out.
    if (list.element(i).size() > 0) all.push_back(read(list.element(i)));
  }
  return all;
}

ToolCommand ip(Family family, std::initializer_list<const char*> rest) {
  ToolCommand command{{"ip", "-N", "-j", family == Family::v4 ? "-4" : "-6"}, {}};
  command.words.insert(command.words.end(), rest.begin(), rest.end());
  return command;
}

}  // namespace

Result<std::vector<FoundRule>> parse_rules(std::string_view json, Family family) {
  return parse_list<FoundRule>(json, [&](JsonView view) { return rule_of(view, family); });
}

Result<std::vector<FoundRoute>> parse_routes(std::string_view json, Family family,
                                             std::uint32_t table, std::uint32_t protocol) {
  return parse_list<FoundRoute>(
      json, [&](JsonView view) { return route_of(view, family, table, protocol); });
}

Result<std::vector<FoundRule>> find_rules(Family family) {
  const auto json = must_run(ip(family, {"rule", "show"}));
  if (!json) return json.error();
  return parse_rules(*json, family);
}

Result<std::vector<FoundRoute>> find_our_routes(Family family) {
  const std::string protocol = std::to_string(kOurProtocol);
  const auto json =
      must_run(ip(family, {"route", "show", "table", "all", "proto", protocol.c_str()}));
  if (!json) return json.error();
  return parse_routes(*json, family, kMainTable, kOurProtocol);
}

Result<std::vector<FoundRoute>> find_routes(Family family, std::uint32_t table) {
  const std::string number = std::to_string(table);
  const auto run = run_program(ip(family, {"route", "show", "table", number.c_str()}));
  if (!run) return run.error();
  // A table that nobody has used does not exist: that is an error of its own, and no other.
  if (!*run) return std::vector<FoundRoute>();
  return parse_routes(run->output, family, table, 0);
}

}  // namespace hyalite

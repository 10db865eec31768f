// The steps of a plan as commands of ip, nft and sysctl.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "interception/plan.h"

namespace hyalite {

namespace {

std::string hex(std::uint32_t number) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string table_name(std::uint32_t table) {
  if (table == kLocalTable) return "local";
  if (table == kMainTable) return "main";
  return std::to_string(table);
}

std::string protocol_words() { return " protocol " + std::to_string(kOurProtocol); }

std::vector<std::string> ip_words(Family family, std::string_view rest) {
  std::vector<std::string> words = {"ip", family == Family::v4 ? "-4" : "-6"};
  for (const std::string_view word : split(rest, ' ')) words.emplace_back(word);
  return words;
}

constexpr std::string_view kFirstRule = "pref 0 lookup local";

struct On {
  ToolCommand operator()(const Sysctl& it) const {
    return {{"sysctl", "-q", "-w", it.name + '=' + it.value}, {}};
  }
  ToolCommand operator()(const RouteEntry& it) const {
    return {ip_words(it.family, "route replace " + text_of(it)), {}};
  }
  ToolCommand operator()(const RoutingRule& it) const {
    return {ip_words(it.family, "rule add " + text_of(it)), {}};
  }
  ToolCommand operator()(const FirstRuleMoves& it) const {
    return {ip_words(it.family, "rule del " + std::string(kFirstRule)), {}};
  }
  ToolCommand operator()(const PacketTable& it) const { return {{"nft", "-f", "-"}, nft_text(it)}; }
};

struct Off {
  // What it was before is not the plan's to know.
  ToolCommand operator()(const Sysctl&) const { return {}; }
  ToolCommand operator()(const RouteEntry& it) const {
    return {ip_words(it.family, "route del " + text_of(it)), {}};
  }
  ToolCommand operator()(const RoutingRule& it) const {
    return {ip_words(it.family, "rule del " + text_of(it)), {}};
  }
  ToolCommand operator()(const FirstRuleMoves& it) const {
    return {ip_words(it.family, "rule add " + std::string(kFirstRule)), {}};
  }
  ToolCommand operator()(const PacketTable&) const {
    return {{"nft", "delete", "table", "inet", std::string(kPacketTable)}, {}};
  }
};

}  // namespace

std::string text_of(const RoutingRule& rule) {
  std::string text = "pref " + std::to_string(rule.preference);
  const auto add = [&text](std::string_view name, const std::string& value) {
    text += ' ' + std::string(name) + ' ' + value;
  };
  if (rule.from) add("from", rule.from->text());
  if (rule.to) add("to", rule.to->text());
  if (rule.mark) add("fwmark", hex(rule.mark->value) + '/' + hex(rule.mark->mask));
  if (!rule.iif.empty()) add("iif", rule.iif);
  if (rule.user) add("uidrange", std::to_string(*rule.user) + '-' + std::to_string(*rule.user));
  if (!rule.ip_protocol.empty()) add("ipproto", rule.ip_protocol);
  if (rule.sport != 0) add("sport", std::to_string(rule.sport));
  if (rule.dport != 0) add("dport", std::to_string(rule.dport));
  switch (rule.action) {
    case RoutingRule::Action::lookup:
      add("lookup", table_name(rule.target));
      break;
    case RoutingRule::Action::go_to:
      add("goto", std::to_string(rule.target));
      break;
    case RoutingRule::Action::prohibit:
      text += " prohibit";
      break;
    case RoutingRule::Action::nop:
      text += " nop";
      break;
  }
  return text + protocol_words();
}

std::string text_of(const RouteEntry& route) {
  std::string text = route.kind == RouteEntry::Kind::local ? "local " : "throw ";
  text += route.destination ? route.destination->text() : "default";
  if (route.kind == RouteEntry::Kind::local) text += " dev lo";
  text += " table " + table_name(route.table);
  if (route.source) text += " src " + route.source->text();
  return text + protocol_words();
}

std::vector<ToolCommand> commands_on(const Plan& plan) {
  std::vector<ToolCommand> commands;
  for (const Step& step : plan.steps) commands.push_back(std::visit(On{}, step));
  return commands;
}

std::vector<ToolCommand> commands_off(const Plan& plan) {
  std::vector<ToolCommand> commands;
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    ToolCommand command = std::visit(Off{}, *step);
    if (!command.words.empty()) commands.push_back(std::move(command));
  }
  return commands;
}

std::vector<std::string> notes_off(const Plan& plan) {
  std::vector<std::string> notes;
  for (const Sysctl& it : plan.all<Sysctl>())
    notes.push_back(it.name + " becomes again what it was before");
  return notes;
}

}  // namespace hyalite

// The machine's packet rules, as far as doctor understands them.
// SPDX-License-Identifier: MIT
#include "doctor/ruleset.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "settings/json.h"

namespace hyalite {

namespace {

using Type = JsonView::Type;
using Kind = RuleDeed::Kind;

std::string text_of(JsonView view) {
  if (const auto text = view.string()) return std::string(*text);
  return view.is(Type::absent) ? "" : view.text();
}

std::uint64_t number_of(JsonView view) {
  return static_cast<std::uint64_t>(view.integer().value_or(0));
}

// {"tcp": {...}} and its like: the name and what belongs to it.
std::pair<std::string, JsonView> only_member(JsonView view) {
  return {std::string(view.key(0)),
          view.element(0).is(Type::absent) ? view.member(view.key(0)) : view.element(0)};
}

std::string subject_of(JsonView left) {
  if (const JsonView payload = left.member("payload"); payload.is(Type::object)) {
    return text_of(payload.member("protocol")) + " " + text_of(payload.member("field"));
  }
  if (const JsonView fib = left.member("fib"); fib.is(Type::object)) {
    std::string flags;
    const JsonView all = fib.member("flags");
    for (std::size_t i = 0; i < all.size(); ++i) flags += text_of(all.element(i)) + " ";
    if (all.size() == 0) flags = text_of(all) + " ";
    return "fib " + flags + text_of(fib.member("result"));
  }
  const auto [kind, rest] = only_member(left);
  return kind + " " + text_of(rest.member("key"));
}

// As nft names the flags of TCP, from the lowest bit.
constexpr std::array<std::string_view, 8> kFlags = {"fin", "syn", "rst", "psh",
                                                    "ack", "urg", "ecn", "cwr"};

// One number: as such, as a flag's name, or as several of them. Nothing: it is none.
std::optional<std::uint64_t> bits_of(JsonView view) {
  if (const auto number = view.integer()) return static_cast<std::uint64_t>(*number);
  if (const auto name = view.string()) {
    const auto found = std::find(kFlags.begin(), kFlags.end(), *name);
    if (found == kFlags.end()) return std::nullopt;
    return std::uint64_t{1} << (found - kFlags.begin());
  }
  const JsonView all = view.is(Type::array) ? view : view.member("|");
  if (!all.is(Type::array)) return std::nullopt;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto some = bits_of(all.element(i));
    if (!some) return std::nullopt;
    bits |= *some;
  }
  return bits;
}

void add_elements(JsonView set, bool flags, std::vector<RuleValue>& values);

// Flags in a row are one value, of everything else each is one.
void add_values(JsonView view, bool flags, std::vector<RuleValue>& values) {
  if (const auto bits = flags ? bits_of(view) : std::nullopt) {
    values.push_back({std::to_string(*bits), std::nullopt, 0});
  } else if (view.is(Type::array)) {
    add_elements(view, flags, values);
  } else if (const JsonView set = view.member("set"); !set.is(Type::absent)) {
    add_elements(set, flags, values);
  } else if (const JsonView element = view.member("elem"); !element.is(Type::absent)) {
    add_values(element.member("val"), flags, values);
  } else if (const JsonView range = view.member("range"); range.is(Type::array)) {
    RuleValue value;
    value.range = {bits_of(range.element(0)).value_or(0), bits_of(range.element(1)).value_or(0)};
    value.word = text_of(range.element(0)) + "-" + text_of(range.element(1));
    values.push_back(std::move(value));
  } else if (const JsonView prefix = view.member("prefix"); prefix.is(Type::object)) {
    RuleValue value;
    value.word = text_of(prefix.member("addr"));
    value.prefix_bits = static_cast<unsigned>(number_of(prefix.member("len")));
    values.push_back(std::move(value));
  } else {
    values.push_back({text_of(view), std::nullopt, 0});
  }
}

// Of an empty set nft says nothing.
void add_elements(JsonView set, bool flags, std::vector<RuleValue>& values) {
  if (set.is(Type::array)) {
    for (std::size_t i = 0; i < set.size(); ++i) add_values(set.element(i), flags, values);
  } else if (!set.is(Type::absent)) {
    add_values(set, flags, values);
  }
}

// "< 1024" and its like: a range whose numbers fit, or are those that do not.
void compare(std::string_view op, JsonView right, RuleMatch& match) {
  const auto number = bits_of(right);
  if (!number) match.what = "compared " + match.what;  // an address, say
  RuleValue value;
  value.word = std::string(op) + text_of(right);
  value.range = {0, number.value_or(0)};
  if (op == "<" || op == ">=") value.range = {number.value_or(0), ~std::uint64_t{0}};
  match.inverted = op == "<" || op == ">";
  match.values.push_back(std::move(value));
}

RuleMatch match_of(JsonView view) {
  RuleMatch match;
  JsonView left = view.member("left");
  const JsonView masked = left.member("&");
  if (masked.is(Type::array)) left = masked.element(0);
  match.what = subject_of(left);
  const bool flags = match.what == "tcp flags";
  if (masked.is(Type::array)) {
    const auto mask = bits_of(masked.element(1));
    match.mask = mask.value_or(0);
    if (!mask) match.what = "masked " + match.what;  // which nobody understands
  }
  const std::string op = text_of(view.member("op"));
  const JsonView right = view.member("right");
  const auto some = flags ? bits_of(right) : std::nullopt;
  if (some && (op == "in" || op == "!")) {
    // "tcp flags syn,ack" asks for any of them, "tcp flags ! syn,ack" for none.
    match.mask &= *some;
    match.inverted = op == "in";
    match.values.push_back({"0", std::nullopt, 0});
    return match;
  }
  if (op.starts_with('<') || op.starts_with('>')) {
    compare(op, right, match);
    return match;
  }
  // nft writes "& mask == 0" as "! mask", and asks the right side alone.
  match.inverted = op == "!=" || op == "!";
  add_values(right, flags, match.values);
  return match;
}

RuleDeed unknown(std::string name) { return {Kind::unknown, std::move(name), 0, {}, 0, 0}; }

// "meta mark set meta mark or 0x100000", "meta mark set 0x1", "... and 0xff or 0x100".
RuleDeed mangle_of(JsonView view) {
  const JsonView key = view.member("key");
  const bool of_connection = text_of(key.member("ct").member("key")) == "mark";
  if (!of_connection && text_of(key.member("meta").member("key")) != "mark") return unknown("");
  RuleDeed deed{of_connection ? Kind::set_ct_mark : Kind::set_mark, {}, 0, {}, 0, 0};
  JsonView value = view.member("value");
  if (const JsonView either = value.member("|"); either.is(Type::array)) {
    deed.bits = number_of(either.element(1));
    deed.keep = ~std::uint64_t{0};
    value = either.element(0);
  } else if (const JsonView changed = value.member("^"); changed.is(Type::array)) {
    deed.bits = number_of(changed.element(1));
    deed.keep = ~deed.bits;
    value = changed.element(0);
  }
  if (const JsonView masked = value.member("&"); masked.is(Type::array)) {
    deed.keep = number_of(masked.element(1));
  } else if (const auto number = value.integer()) {
    deed.bits = static_cast<std::uint64_t>(*number);
  } else if (value.is(Type::object) && deed.keep == 0) {
    return unknown("mark");  // taken from elsewhere
  }
  return deed;
}

std::optional<RuleDeed> deed_of(const std::string& name, JsonView view) {
  if (name == "accept") return RuleDeed{Kind::accept, {}, 0, {}, 0, 0};
  if (name == "drop") return RuleDeed{Kind::drop, {}, 0, {}, 0, 0};
  if (name == "reject") return RuleDeed{Kind::reject, {}, 0, {}, 0, 0};
  if (name == "return") return RuleDeed{Kind::leave, {}, 0, {}, 0, 0};
  if (name == "jump") return RuleDeed{Kind::jump, text_of(view.member("target")), 0, {}, 0, 0};
  if (name == "goto") return RuleDeed{Kind::go_to, text_of(view.member("target")), 0, {}, 0, 0};
  if (name == "notrack") return RuleDeed{Kind::notrack, {}, 0, {}, 0, 0};
  if (name == "flow") return RuleDeed{Kind::offload, {}, 0, {}, 0, 0};
  if (name == "dnat") return RuleDeed{Kind::dnat, text_of(view.member("addr")), 0, {}, 0, 0};
  if (name == "mangle") return mangle_of(view);
  const auto port = static_cast<std::uint16_t>(number_of(view.member("port")));
  if (name == "tproxy") return RuleDeed{Kind::tproxy, {}, port, text_of(view.member("addr")), 0, 0};
  if (name == "redirect") return RuleDeed{Kind::redirect, {}, port, {}, 0, 0};
  for (const std::string_view harmless : {"counter", "log", "limit", "comment", "continue", "quota",
                                          "masquerade", "snat", "ct count", "last"}) {
    if (name == harmless) return std::nullopt;
  }
  return unknown(name);  // vmap, xt, queue, ...
}

PacketRuleFact rule_of(JsonView view) {
  PacketRuleFact rule;
  rule.handle = number_of(view.member("handle"));
  const JsonView steps = view.member("expr");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto [name, content] = only_member(steps.element(i));
    if (name == "match") {
      rule.steps.push_back({match_of(content), std::nullopt});
    } else if (auto deed = deed_of(name, content)) {
      rule.steps.push_back({std::nullopt, std::move(deed)});
    }
  }
  return rule;
}

ChainFact chain_of(JsonView view) {
  ChainFact chain;
  chain.family = text_of(view.member("family"));
  chain.table = text_of(view.member("table"));
  chain.name = text_of(view.member("name"));
  chain.type = text_of(view.member("type"));
  chain.hook = text_of(view.member("hook"));
  chain.priority = static_cast<int>(view.member("prio").integer().value_or(0));
  chain.drops = text_of(view.member("policy")) == "drop";
  return chain;
}

void add_object(JsonView item, Ruleset& ruleset) {
  if (const JsonView added = item.member("chain"); added.is(Type::object)) {
    ruleset.chains.push_back(chain_of(added));
  } else if (const JsonView set = item.member("set"); set.is(Type::object)) {
    add_elements(set.member("elem"), text_of(set.member("type")) == "tcp_flag",
                 ruleset.sets[text_of(set.member("family")) + " " + text_of(set.member("table")) +
                              " " + text_of(set.member("name"))]);
  } else if (const JsonView rule = item.member("rule"); rule.is(Type::object)) {
    for (ChainFact& chain : ruleset.chains) {
      if (chain.family == text_of(rule.member("family")) &&
          chain.table == text_of(rule.member("table")) &&
          chain.name == text_of(rule.member("chain"))) {
        chain.rules.push_back(rule_of(rule));
      }
    }
  }
}

}  // namespace

const ChainFact* Ruleset::find(const ChainFact& beside, std::string_view name) const {
  for (const ChainFact& chain : chains) {
    if (chain.family == beside.family && chain.table == beside.table && chain.name == name)
      return &chain;
  }
  return nullptr;
}

std::vector<const ChainFact*> Ruleset::at(std::string_view hook, bool v6) const {
  std::vector<const ChainFact*> found;
  for (const ChainFact& chain : chains) {
    const bool sees = chain.family == "inet" || chain.family == (v6 ? "ip6" : "ip");
    if (chain.hook == hook && sees) found.push_back(&chain);
  }
  std::stable_sort(found.begin(), found.end(), [](const ChainFact* a, const ChainFact* b) {
    return a->priority < b->priority;
  });
  return found;
}

Result<Ruleset> read_ruleset(std::string_view json) {
  const auto document = JsonDocument::parse(json);
  if (!document) return document.error();
  const JsonView items = document->root().member("nftables");
  if (!items.is(Type::array)) return Error{Fault::operator_, "nft says something else", 0};
  Ruleset ruleset;
  // Chains come before rules that stand in them, as nft lists them.
  for (std::size_t i = 0; i < items.size(); ++i) add_object(items.element(i), ruleset);
  return ruleset;
}

}  // namespace hyalite

// The machine's packet rules, as far as doctor understands them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hyalite {

// One value of a match: a number, a word, a network or a range.
struct RuleValue {
  std::string word;  // also numbers, and TCP flags as one; in decimal
  std::optional<std::pair<std::uint64_t, std::uint64_t>> range;  // both ends are in it
  unsigned prefix_bits = 0;                                      // of `word`, an address; 0: whole
};

struct RuleMatch {
  std::string what;  // "meta iifname", "tcp dport", "ct state", "fib daddr type", ...
  std::uint64_t mask = ~std::uint64_t{0};  // of the number that is asked about
  bool inverted = false;                   // !=
  std::vector<RuleValue> values;
};

// What a rule does besides matching, in its order.
struct RuleDeed {
  enum class Kind {
    accept,
    drop,
    reject,
    jump,
    go_to,
    leave,  // return
    tproxy,
    redirect,
    dnat,
    set_mark,     // mark = (mark & keep) | bits
    set_ct_mark,  // the same of the connection's entry
    notrack,
    offload,  // flow add
    unknown,  // could be anything, a verdict too
  };
  Kind kind = Kind::accept;
  std::string target;      // a chain; of unknown: what nft calls it
  std::uint16_t port = 0;  // tproxy, redirect
  std::string address;     // tproxy
  std::uint64_t keep = 0, bits = 0;
};

struct RuleStep {  // exactly one of the two
  std::optional<RuleMatch> match;
  std::optional<RuleDeed> deed;
};

struct PacketRuleFact {
  std::uint64_t handle = 0;
  std::vector<RuleStep> steps;
};

struct ChainFact {
  std::string family, table, name;
  std::string type, hook;  // empty: no base chain
  int priority = 0;
  bool drops = false;  // its policy
  std::vector<PacketRuleFact> rules;

  std::string text() const { return "chain " + name + " of table " + family + " " + table; }
};

struct Ruleset {
  std::vector<ChainFact> chains;
  std::map<std::string, std::vector<RuleValue>> sets;  // "family table name"

  const ChainFact* find(const ChainFact& beside, std::string_view name) const;
  // The base chains at a hook that see a family, by priority.
  std::vector<const ChainFact*> at(std::string_view hook, bool v6) const;
};

// Of `nft -j list ruleset`.
Result<Ruleset> read_ruleset(std::string_view json);

}  // namespace hyalite

// What the machine's packet rules would do with a packet.
// SPDX-License-Identifier: MIT
#include "doctor/trace.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace hyalite {

namespace {

using Kind = RuleDeed::Kind;

constexpr int kMostJumps = 16;  // as the kernel has it (NFT_JUMP_STACK_SIZE)

// The TCP flags of a packet that begins a connection, and of one with data.
constexpr std::uint64_t kSyn = 0x02, kPshAck = 0x18;

enum class Answer { no, yes, unclear };

Answer answer(bool yes) { return yes ? Answer::yes : Answer::no; }

// The end of a way through chains.
enum class Way { on, leave, accept, drop, reject };

class Tracing {
 public:
  Tracing(const Ruleset& ruleset, const Catches& catches, Traced& traced)
      : ruleset_(ruleset), catches_(catches), traced_(traced), packet_(traced.packet) {}

  void pass(const ChainFact& base) {
    base_ = &base;
    if (base.type == "nat" && (traced_.untracked || packet_.ct_state != "new")) return;
    Way way = through(base, 0);
    if ((way == Way::on || way == Way::leave) && base.drops) way = Way::drop;
    if (way == Way::drop || way == Way::reject) {
      traced_.end = way == Way::drop ? Traced::End::dropped : Traced::End::rejected;
      traced_.decided_by = base.text();
    }
  }

 private:
  Way through(const ChainFact& chain, int depth) {
    if (depth > kMostJumps) return Way::on;
    for (const PacketRuleFact& rule : chain.rules) {
      const Way way = by(rule, chain, depth);
      if (way == Way::leave) return depth == 0 ? Way::leave : Way::on;
      if (way != Way::on) return way;
    }
    return Way::on;
  }

  Way by(const PacketRuleFact& rule, const ChainFact& chain, int depth) {
    for (const RuleStep& step : rule.steps) {
      if (step.match) {
        const Answer fits = asks(*step.match, chain);
        if (fits == Answer::unclear) doubt(chain, rule, step.match->what);
        if (fits != Answer::yes) return Way::on;
        continue;
      }
      const std::optional<Way> way = does(*step.deed, rule, chain, depth);
      if (way) return *way;
    }
    return Way::on;
  }

  // Nothing: go on with the rule's next step.
  std::optional<Way> does(const RuleDeed& deed, const PacketRuleFact& rule, const ChainFact& chain,
                          int depth) {
    switch (deed.kind) {
      case Kind::accept:
        return Way::accept;
      case Kind::drop:
        return Way::drop;
      case Kind::reject:
        return Way::reject;
      case Kind::leave:
        return Way::leave;
      case Kind::jump:
      case Kind::go_to: {
        const ChainFact* next = ruleset_.find(chain, deed.target);
        const Way way = next ? through(*next, depth + 1) : Way::on;
        if (way != Way::on) return way;
        if (deed.kind == Kind::go_to) return Way::leave;
        return std::nullopt;
      }
      case Kind::tproxy:
        return divert(deed);
      case Kind::redirect:
        traced_.redirected = deed.port == 0 ? packet_.dport : deed.port;
        return Way::accept;
      case Kind::dnat:
        traced_.dnat = true;
        traced_.dnat_at = base_->priority;
        return Way::accept;
      case Kind::set_mark:
        packet_.mark = (packet_.mark & deed.keep) | deed.bits;
        return std::nullopt;
      case Kind::set_ct_mark:
        packet_.ct_mark = (packet_.ct_mark & deed.keep) | deed.bits;
        return std::nullopt;
      case Kind::notrack:
        traced_.untracked = true;
        packet_.ct_state = "untracked";
        return std::nullopt;
      case Kind::offload:
        traced_.offloaded = true;
        return std::nullopt;
      case Kind::unknown:
        doubt(chain, rule, deed.target);
        return Way::on;
    }
    return std::nullopt;
  }

  // Without a socket that takes the packet, the rule ends here, and the next one is asked.
  std::optional<Way> divert(const RuleDeed& deed) {
    if (base_->type != "filter") {
      traced_.tproxy_in_nat = true;
      return Way::on;
    }
    if (!catches_(deed.port, deed.address, packet_.v6)) return Way::on;
    traced_.diverted = true;
    traced_.diverted_at = base_->priority;
    packet_.socket = Packet::Socket::listening;
    return std::nullopt;
  }

  void doubt(const ChainFact& chain, const PacketRuleFact& rule, const std::string& what) {
    traced_.doubts.push_back("\"" + what + "\" in rule " + std::to_string(rule.handle) + " of " +
                             chain.text());
  }

  Answer asks(const RuleMatch& match, const ChainFact& chain) const {
    const Answer holds = holds_plainly(match, chain);
    if (holds == Answer::unclear || !match.inverted) return holds;
    return answer(holds == Answer::no && is_about_it(match));
  }

  // "tcp dport != 80" says nothing of UDP.
  bool is_about_it(const RuleMatch& match) const {
    const auto words = split(match.what, ' ');
    if (words.size() != 2) return true;
    if (words[0] == "tcp" || words[0] == "udp") return packet_.protocol == words[0];
    if (words[0] == "th") return packet_.protocol == "tcp" || packet_.protocol == "udp";
    if (words[0] == "ip") return !packet_.v6;
    if (words[0] == "ip6") return packet_.v6;
    return true;
  }

  Answer holds_plainly(const RuleMatch& match, const ChainFact& chain) const {
    const std::string& what = match.what;
    if (what == "meta iifname" || what == "meta iif") return any_word(match, chain, packet_.iif);
    if (what == "meta oifname" || what == "meta oif") return any_word(match, chain, packet_.oif);
    if (what == "meta l4proto" || what == "ip protocol" || what == "ip6 nexthdr") {
      if (!is_about_it(match)) return Answer::no;
      return any_word(match, chain, packet_.protocol);
    }
    if (what == "meta nfproto") return any_word(match, chain, packet_.v6 ? "ipv6" : "ipv4");
    if (what == "meta protocol") return any_word(match, chain, packet_.v6 ? "ip6" : "ip");
    if (what == "meta mark") return any_number(match, chain, packet_.mark);
    if (what == "meta skuid") return any_number(match, chain, packet_.user);
    if (what == "tcp flags") {
      if (packet_.protocol != "tcp") return Answer::no;
      return any_number(match, chain, packet_.begins ? kSyn : kPshAck);
    }
    if (what == "tcp dport" || what == "udp dport" || what == "th dport")
      return port(match, chain, packet_.dport);
    if (what == "tcp sport" || what == "udp sport" || what == "th sport")
      return port(match, chain, packet_.sport);
    if (what == "ip saddr" || what == "ip6 saddr") return address(match, chain, packet_.from);
    if (what == "ip daddr" || what == "ip6 daddr") return address(match, chain, packet_.to);
    if (what == "ct state") return any_word(match, chain, packet_.ct_state);
    if (what == "ct status") return answer(packet_.ct_dnat && has_word(match, "dnat"));
    if (what == "ct mark") return any_number(match, chain, packet_.ct_mark);
    if (what == "fib daddr type") {
      return any_word(match, chain, packet_.to_this_machine ? "local" : "unicast");
    }
    if (what == "socket transparent")
      return answer((packet_.socket == Packet::Socket::transparent) == has_word(match, "1"));
    if (what == "socket wildcard") {
      if (packet_.socket == Packet::Socket::none) return Answer::no;
      return answer((packet_.socket == Packet::Socket::listening) == has_word(match, "1"));
    }
    if (what == "meta pkttype") return any_word(match, chain, "host");
    return Answer::unclear;
  }

  static bool has_word(const RuleMatch& match, std::string_view word) {
    return std::any_of(match.values.begin(), match.values.end(),
                       [&](const RuleValue& it) { return it.word == word; });
  }

  const std::vector<RuleValue>& values_of(const RuleMatch& match, const ChainFact& chain) const {
    if (match.values.size() != 1 || match.values[0].word.empty() || match.values[0].word[0] != '@')
      return match.values;
    const auto set =
        ruleset_.sets.find(chain.family + " " + chain.table + " " + match.values[0].word.substr(1));
    static const std::vector<RuleValue> kNone;
    return set == ruleset_.sets.end() ? kNone : set->second;
  }

  Answer any_word(const RuleMatch& match, const ChainFact& chain, std::string_view word) const {
    for (const RuleValue& it : values_of(match, chain)) {
      if (it.word == word) return Answer::yes;
      if (it.word.ends_with('*') && word.starts_with(it.word.substr(0, it.word.size() - 1)))
        return Answer::yes;
    }
    return Answer::no;
  }

  Answer any_number(const RuleMatch& match, const ChainFact& chain, std::uint64_t number) const {
    number &= match.mask;
    for (const RuleValue& it : values_of(match, chain)) {
      if (it.range && number >= it.range->first && number <= it.range->second) return Answer::yes;
      if (!it.range && parse_decimal(it.word) == number) return Answer::yes;
      if (!it.range && !parse_decimal(it.word)) return Answer::unclear;  // a name
    }
    return Answer::no;
  }

  Answer port(const RuleMatch& match, const ChainFact& chain, std::uint16_t port) const {
    const std::string_view protocol = std::string_view(match.what).substr(0, 3);
    if (protocol != "th " && packet_.protocol != protocol) return Answer::no;
    if (packet_.protocol != "tcp" && packet_.protocol != "udp") return Answer::no;
    return any_number(match, chain, port);
  }

  Answer address(const RuleMatch& match, const ChainFact& chain, const IpAddress& ip) const {
    if (match.what.starts_with("ip6 ") != packet_.v6) return Answer::no;
    for (const RuleValue& it : values_of(match, chain)) {
      const std::string bits = it.prefix_bits == 0 ? "" : "/" + std::to_string(it.prefix_bits);
      const auto network = Network::parse(it.word + bits);
      if (!network) return Answer::unclear;
      if (network->contains(ip)) return Answer::yes;
    }
    return Answer::no;
  }

  const Ruleset& ruleset_;
  const Catches& catches_;
  Traced& traced_;
  Packet& packet_;
  const ChainFact* base_ = nullptr;
};

}  // namespace

Traced trace(const Ruleset& ruleset, std::string_view hook, const Packet& packet,
             const Catches& catches) {
  Traced traced;
  traced.packet = packet;
  Tracing tracing(ruleset, catches, traced);
  for (const ChainFact* chain : ruleset.at(hook, packet.v6)) {
    tracing.pass(*chain);
    if (!traced.passes()) break;
  }
  return traced;
}

}  // namespace hyalite

// Packet rules as nft reads them.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <charconv>

#include "interception/plan.h"

namespace hyalite {

namespace {

std::string hex(std::uint32_t number) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

// "a", or "{ a, b }".
std::string set_of(const std::vector<std::string>& items) {
  if (items.size() == 1) return items.front();
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "{ " : ", ") + item;
  return text + " }";
}

template <class T, class Write>
std::string set_of(const std::vector<T>& items, Write write) {
  std::vector<std::string> texts;
  for (const T& item : items) texts.push_back(write(item));
  return set_of(texts);
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }
std::string decimal(std::uint32_t number) { return std::to_string(number); }
std::string family_word(const std::vector<Network>& networks) {
  return networks.front().is_v4() ? "ip" : "ip6";
}
std::string network_text(const Network& network) { return network.text(); }
std::string ports_text(const std::vector<std::uint16_t>& ports) {
  return set_of(ports, [](std::uint16_t port) { return decimal(port); });
}

struct WriteMatch {
  std::string operator()(const ArrivesOn& it) const {
    return std::string("iifname ") + (it.elsewhere ? "!= " : "") + set_of(it.interfaces, quoted);
  }
  std::string operator()(const ForThisMachine&) const { return "fib daddr type local"; }
  std::string operator()(const ToPorts& it) const {
    return std::string(it.protocol) + " dport " + ports_text(it.ports);
  }
  std::string operator()(const FromPorts& it) const {
    return std::string(it.protocol) + " sport " + ports_text(it.ports);
  }
  std::string operator()(const Begins&) const { return "tcp flags syn / fin,syn,rst,ack"; }
  std::string operator()(const MeetsListener&) const { return "socket wildcard 1"; }
  std::string operator()(const MeetsTransparentSocket&) const { return "socket transparent 1"; }
  // A server that listens on one address of this machine is not on the wildcard address.
  std::string operator()(const MeetsProxysListener&) const {
    return "socket wildcard 1 socket transparent 1";
  }
  std::string operator()(const HasMark& it) const {
    return std::string(it.tracked ? "ct" : "meta") + " mark and " + hex(it.bits) +
           (it.absent ? " == 0" : " != 0");
  }
  std::string operator()(const FromNetworks& it) const {
    return family_word(it.networks) + " saddr " + set_of(it.networks, network_text);
  }
  std::string operator()(const ToNetworks& it) const {
    return family_word(it.networks) + " daddr " + set_of(it.networks, network_text);
  }
  std::string operator()(const OfUsers& it) const {
    return "meta skuid " + set_of(it.ids, decimal);
  }
  std::string operator()(const OfCgroup& it) const {
    const auto level = 1 + std::count(it.path.begin(), it.path.end(), '/');
    return "socket cgroupv2 level " + std::to_string(level) + ' ' + quoted(it.path);
  }
};

// The counter counts what the rule did, so it stands behind what may not happen (tproxy).
struct WriteDeed {
  std::string counter;  // "counter " or nothing

  std::string operator()(const Accept&) const { return counter + "accept"; }
  std::string operator()(const Jump& it) const { return counter + "jump " + it.chain; }
  std::string operator()(const Divert& it) const {
    return "tproxy to :" + decimal(it.port) + ' ' + set_mark("meta", it.mark) + ' ' + counter +
           "accept";
  }
  std::string operator()(const SetMark& it) const {
    return counter + set_mark(it.tracked ? "ct" : "meta", it.bits) + (it.accept ? " accept" : "");
  }
  std::string operator()(const Redirect& it) const {
    return counter + (it.port == 0 ? "redirect" : "redirect to :" + decimal(it.port));
  }
  std::string operator()(const RejectWithReset&) const { return counter + "reject with tcp reset"; }
  std::string operator()(const RejectUnreachable&) const {
    return counter + "reject with icmpx port-unreachable";
  }
  std::string operator()(const Defragment&) const { return "tproxy to :1"; }

  static std::string set_mark(const std::string& of, std::uint32_t bits) {
    return of + " mark set " + of + " mark or " + hex(bits);
  }
};

// nft wants to know that it is TCP before it does these.
bool names_tcp(const PacketRule& rule) {
  return std::any_of(rule.matches.begin(), rule.matches.end(), [](const Match& match) {
    const auto* ports = std::get_if<ToPorts>(&match);
    return std::holds_alternative<Begins>(match) || (ports != nullptr && ports->protocol == "tcp");
  });
}
bool is_for_tcp(const Deed& deed) {
  return std::holds_alternative<Divert>(deed) || std::holds_alternative<Redirect>(deed) ||
         std::holds_alternative<RejectWithReset>(deed) || std::holds_alternative<Defragment>(deed);
}

std::string rule_text(const PacketRule& rule) {
  std::string text;
  for (const Match& match : rule.matches) text += std::visit(WriteMatch{}, match) + ' ';
  if (is_for_tcp(rule.deed) && !names_tcp(rule)) text += "meta l4proto tcp ";
  return text + std::visit(WriteDeed{rule.counted ? "counter " : ""}, rule.deed);
}

std::string_view name_of(PacketChain::Hook hook) {
  constexpr std::string_view names[] = {"", "prerouting", "input", "forward", "output"};
  return names[static_cast<std::size_t>(hook)];
}

std::string_view name_of(PacketChain::Type type) {
  constexpr std::string_view names[] = {"filter", "nat", "route"};
  return names[static_cast<std::size_t>(type)];
}

std::string chain_text(const PacketChain& chain) {
  std::string text = "  chain " + chain.name + " {\n";
  if (chain.hook != PacketChain::Hook::none) {
    text += "    type " + std::string(name_of(chain.type)) + " hook " +
            std::string(name_of(chain.hook)) + " priority " + chain.priority + "; policy accept;\n";
  }
  for (const PacketRule& rule : chain.rules) {
    if (!rule.why.empty()) text += "    # " + rule.why + '\n';
    text += "    " + rule_text(rule) + '\n';
  }
  return text + "  }\n";
}

}  // namespace

std::string nft_table_text(const PacketTable& table) {
  std::string text = "table inet " + std::string(kPacketTable) + " {\n";
  for (const PacketChain& chain : table.chains) text += chain_text(chain);
  return text + "}\n";
}

std::string nft_text(const PacketTable& table) {
  const std::string name = "table inet " + std::string(kPacketTable) + '\n';
  // Adding what may be there already makes deleting it possible in any case.
  return "add " + name + "delete " + name + nft_table_text(table);
}

}  // namespace hyalite

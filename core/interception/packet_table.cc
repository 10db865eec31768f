// The packet rules of a plan.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "interception/building.h"

namespace hyalite {

namespace {

constexpr std::uint16_t kHttps = 443;
// nft refuses the name dstnat in an output hook; this is its number.
constexpr char kBeforeRouting[] = "-100";

PacketRule rule(std::string why, std::vector<Match> matches, Deed deed, bool counted = false) {
  return {std::move(why), std::move(matches), std::move(deed), counted};
}

std::vector<std::string> together(std::vector<std::string> some,
                                  const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(some.begin(), some.end(), one) == some.end()) some.push_back(one);
  }
  return some;
}

class Builder {
 public:
  Builder(const Intention& intention, const std::vector<std::uint32_t>& users)
      : it_(intention), set_(intention.interception), users_(users) {}

  PacketTable build() {
    add_exempt_networks();
    add_defragmenting();
    add_keeping();
    add_prerouting();
    add_input();
    add_own();
    add_quic();
    return std::move(table_);
  }

 private:
  using Hook = PacketChain::Hook;
  using Type = PacketChain::Type;

  ToPorts to_ports() const { return {"tcp", set_.ports}; }
  ArrivesOn from_clients() const { return {set_.client_interfaces}; }
  std::vector<std::string> answering() const {
    return it_.brings_answers() ? set_.origin_interfaces : std::vector<std::string>();
  }

  PacketChain& chain(std::string name, Hook hook = Hook::none, Type type = Type::filter,
                     std::string priority = {}) {
    table_.chains.push_back({std::move(name), hook, type, std::move(priority), {}});
    return table_.chains.back();
  }

  // A chain of its own, for it is asked about TCP and about QUIC.
  void add_exempt_networks() {
    const bool asked = (it_.from_clients() && !it_.keeps_ports()) || own_by_packet();
    if (!asked || (set_.exempt.clients.empty() && set_.exempt.destinations.empty())) return;
    PacketChain exempt{"exempt", Hook::none, Type::filter, {}, {}};
    for (const Family family : kFamilies) {
      const auto clients = of_family(set_.exempt.clients, family);
      const auto destinations = of_family(set_.exempt.destinations, family);
      if (!clients.empty()) exempt.rules.push_back(rule("", {FromNetworks{clients}}, Accept{}));
      if (!destinations.empty())
        exempt.rules.push_back(rule("", {ToNetworks{destinations}}, Accept{}));
    }
    exempt.rules.front().why = "Who is to be left alone altogether.";
    table_.chains.push_back(std::move(exempt));
    has_exempt_ = true;
  }
  void ask_exempt(PacketChain& chain) const {
    if (has_exempt_) chain.rules.push_back(rule("", {}, Jump{"exempt"}));
  }

  // Routes look for ports, and a fragment shows none: not even one that is the whole packet.
  void add_defragmenting() {
    if (!it_.from_clients() || !it_.mode(InterceptionMode::hybrid)) return;
    chain("defragmenting").rules = {rule(
        "Nothing leads here: that there is such a rule makes the kernel put fragments together "
        "before routing, which finds no ports in them and would let them go by.",
        {}, Defragment{})};
  }

  // Connections that begin from now on are marked in conntrack; packets of others are old ones'.
  void add_keeping() {
    if (!it_.keeps_open()) return;
    const std::uint32_t bits = set_.keep_mark;
    const SetMark begun{bits, true, false}, kept{bits, false, false};
    const HasMark old{bits, true, true};
    PacketChain& arriving = chain("keeping", Hook::prerouting, Type::filter, "mangle");
    arriving.rules = {
        rule("Connections that begin from now on are told from those that were open: these keep "
             "their way.",
             {Begins{}}, begun)};
    if (it_.from_clients() && it_.keeps_ports()) {
      arriving.rules.push_back(rule("", {from_clients(), to_ports(), old}, kept));
      arriving.rules.push_back(rule("", {FromPorts{"tcp", set_.ports}, old}, kept));
    }
    for (const Family family : kFamilies) keep_named(arriving, of_family(it_.anyip(), family));
    PacketChain& leaving = chain("keeping_own", Hook::output, Type::route, "mangle");
    leaving.rules = {rule("", {Begins{}}, begun)};
    if (it_.local(LocalCapture::routing))
      leaving.rules.push_back(rule("", {to_ports(), old}, kept));
  }

  // Both ways: where what is forwarded comes from is checked with its mark, too.
  void keep_named(PacketChain& arriving, const std::vector<Network>& named) const {
    if (named.empty()) return;
    const HasMark old{set_.keep_mark, true, true};
    const SetMark kept{set_.keep_mark, false, false};
    arriving.rules.push_back(
        rule("", {ToNetworks{named}, ToPorts{"tcp", it_.anyip_ports()}, old}, kept));
    arriving.rules.push_back(rule("", {FromNetworks{named}, ForThisMachine{}}, Accept{}));
    arriving.rules.push_back(
        rule("", {FromNetworks{named}, FromPorts{"tcp", it_.anyip_ports()}, old}, kept));
  }

  void add_prerouting() {
    const bool by_tproxy = it_.from_clients() && it_.mode(InterceptionMode::tproxy);
    if (by_tproxy) {
      add_tproxy();
    } else if (!answering().empty() &&
               !(it_.from_clients() && it_.mode(InterceptionMode::routing))) {
      add_answers(chain("prerouting", Hook::prerouting, Type::filter, "mangle"), answering());
    }
    if (it_.from_clients() && it_.mode(InterceptionMode::redirect)) add_redirect();
    if (it_.local(LocalCapture::tproxy) && !it_.keeps_ports()) add_own_arriving();
  }

  // Of any protocol: ICMP errors about what the proxy sent in a client's name are the proxy's.
  void add_answers(PacketChain& chain, const std::vector<std::string>& interfaces) const {
    chain.rules.push_back(
        rule("What only a listening socket would take began before these rules, or in the other "
             "direction: it stays as it is.",
             {ArrivesOn{interfaces}, MeetsListener{}}, Accept{}));
    chain.rules.push_back(
        rule("What belongs to a connection of the proxy's follows it: answers to what it sent from "
             "a client's address, and ICMP of any kind, or path MTU discovery fails.",
             {ArrivesOn{interfaces}, MeetsTransparentSocket{}}, SetMark{set_.mark, false, true}));
  }

  void add_tproxy() {
    const auto both = together(set_.client_interfaces, answering());
    PacketChain arriving{"prerouting", Hook::prerouting, Type::filter, "mangle", {}};
    arriving.rules = {rule("What is meant for this machine itself is not intercepted.",
                           {ArrivesOn{both}, ForThisMachine{}}, Accept{}),
                      rule("Connections that begin go to the proxy.",
                           {from_clients(), to_ports(), Begins{}}, Jump{"beginning"})};
    add_answers(arriving, both);
    PacketChain& beginning = chain("beginning");
    ask_exempt(beginning);
    beginning.rules.push_back(rule("", {}, Divert{it_.listener_port(), set_.mark}, true));
    if (set_.when_down == Treatment::refuse)
      beginning.rules.push_back(
          rule("Only reached when nothing listens there, or not transparently.", {},
               RejectWithReset{}, true));
    table_.chains.push_back(std::move(arriving));
  }

  void add_redirect() {
    PacketChain& arriving = chain("translating", Hook::prerouting, Type::nat, "dstnat");
    arriving.rules = {rule("What is meant for this machine itself is not intercepted.",
                           {from_clients(), ForThisMachine{}}, Accept{})};
    PacketChain beginning{"beginning", Hook::none, Type::filter, {}, {}};
    arriving.rules.push_back(
        rule("Connections that begin go to the proxy, which asks the kernel where they were going; "
             "those that were open before look new to the kernel too, but begin with no SYN: they "
             "stay as they are.",
             {from_clients(), to_ports(), Begins{}}, Jump{"beginning"}));
    ask_exempt(beginning);
    beginning.rules.push_back(rule("", {}, Redirect{it_.listener_port()}, true));
    table_.chains.insert(table_.chains.end() - 1, std::move(beginning));
  }

  // What this machine sent, marked, and now received from itself.
  void add_own_arriving() {
    PacketChain& arriving = chain("own_arriving", Hook::prerouting, Type::filter, "mangle");
    arriving.rules = {rule("This machine's own connections that begin go to the proxy.",
                           {ArrivesOn{{"lo"}}, HasMark{set_.mark}, to_ports(), Begins{}},
                           Divert{it_.listener_port(), set_.mark}, true)};
  }

  // Without a table of packet rules (mode routing) there is none for this either.
  void add_input() {
    if (!it_.from_clients()) return;
    if (it_.mode(InterceptionMode::hybrid)) add_input_of_kept_ports();
    if (it_.keeps_ports()) return;
    const ToPorts to_proxy{"tcp", {it_.listener_port()}};
    if (it_.mode(InterceptionMode::redirect)) {
      chain("input", Hook::input, Type::filter, "filter").rules = {
          rule("Only clients have business on the proxy's port.",
               {ArrivesOn{together(set_.client_interfaces, {"lo"}), true}, to_proxy, Begins{}},
               RejectWithReset{})};
    } else if (const auto outer = it_.outer_interfaces(); !outer.empty()) {
      chain("input", Hook::input, Type::filter, "filter").rules = {
          rule("Intercepted packets keep their port: on this one the outside has no business.",
               {ArrivesOn{outer}, to_proxy, Begins{}}, RejectWithReset{})};
    }
  }

  // What is intercepted is for others' addresses, also here. Named destinations (anyip) are this
  // machine's, and their clients may be anywhere.
  void add_input_of_kept_ports() {
    PacketChain& input = chain("input", Hook::input, Type::filter, "filter");
    for (const Family family : kFamilies) {
      if (const auto named = of_family(it_.anyip(), family); !named.empty())
        input.rules.push_back(rule("", {ToNetworks{named}}, Accept{}));
    }
    if (!input.rules.empty()) input.rules.front().why = "Named destinations are everybody's.";
    input.rules.push_back(
        rule("On the proxy's ports at this machine's own addresses only clients have business; a "
             "server of this machine's that listens there on one address of its own keeps it.",
             {ArrivesOn{together(set_.client_interfaces, {"lo"}), true}, to_ports(), Begins{},
              ForThisMachine{}, MeetsProxysListener{}},
             RejectWithReset{}));
  }

  // Of what this machine sends: what the proxy does itself, and who is exempt.
  void add_own_exempt() {
    PacketChain& exempt = chain("own_exempt");
    exempt.rules = {rule("What the proxy itself sends bears its mark.",
                         {HasMark{it_.settings.upstream.mark}}, Accept{})};
    if (!users_.empty()) exempt.rules.push_back(rule("", {OfUsers{users_}}, Accept{}));
    for (const std::string& path : set_.exempt.cgroups)
      exempt.rules.push_back(rule("", {OfCgroup{path}}, Accept{}));
    exempt.rules.push_back(rule("", {ForThisMachine{}}, Accept{}));
    ask_exempt(exempt);
  }

  bool own_by_packet() const {
    return it_.local(LocalCapture::redirect) || it_.local(LocalCapture::tproxy);
  }

  void add_own() {
    if (!own_by_packet()) return;
    add_own_exempt();
    const PacketRule exempt = rule("", {}, Jump{"own_exempt"});
    if (it_.local(LocalCapture::redirect)) {
      chain("own", Hook::output, Type::nat, kBeforeRouting).rules = {
          exempt, rule("This machine's own connections go to the proxy when they begin.",
                       {to_ports(), Begins{}},
                       Redirect{it_.keeps_ports() ? std::uint16_t{0} : it_.listener_port()}, true)};
      return;
    }
    chain("own", Hook::output, Type::route, "mangle").rules = {
        exempt,
        rule("This machine's own connections are marked from their beginning on, which brings them "
             "here; what was open before stays as it is.",
             {to_ports(), Begins{}}, SetMark{set_.mark, true, false}),
        rule("", {to_ports(), HasMark{set_.mark, true}}, SetMark{set_.mark, false, false}, true)};
  }

  void add_quic() {
    if (!it_.refuses_quic()) return;
    const bool clients = it_.from_clients() && !it_.keeps_ports();
    if (!clients && !own_by_packet()) return;
    PacketChain& quic = chain("quic");
    ask_exempt(quic);
    quic.rules.push_back(
        rule("HTTP/3 is refused at once: clients use TCP.", {}, RejectUnreachable{}, true));
    const ToPorts to_quic{"udp", {kHttps}};
    if (clients)
      chain("quic_arriving", Hook::prerouting, Type::filter, "mangle").rules = {
          rule("", {from_clients(), to_quic, ForThisMachine{}}, Accept{}),
          rule("", {from_clients(), to_quic}, Jump{"quic"})};
    if (own_by_packet())
      chain("own_quic", Hook::output, Type::filter, "filter").rules = {
          rule("", {to_quic}, Jump{"own_exempt"}), rule("", {to_quic}, Jump{"quic"})};
  }

  const Intention& it_;
  const InterceptionSettings& set_;
  const std::vector<std::uint32_t>& users_;
  PacketTable table_;
  bool has_exempt_ = false;
};

}  // namespace

PacketTable packet_table(const Intention& intention, const std::vector<std::uint32_t>& users) {
  return Builder(intention, users).build();
}

}  // namespace hyalite

// What doctor can find, and what it says about it.
// SPDX-License-Identifier: MIT
#include "doctor/finding.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hyalite {

namespace {

constexpr Row kRows[] = {
    {"interception_off", "Is interception switched on?",
     "nothing brings connections to the proxy: they go by, uninspected. Much else is missing then, "
     "and follows from this"},
    // What must be there at all.
    {"interface_missing", "Are the interfaces of the settings there, and up?",
     "rules that name another interface match nothing"},
    {"bridge_port_named", "Is the bridge named, not one of its ports?",
     "packets that a bridge hands up arrive on the bridge"},
    {"no_capability", "May the proxy have transparent sockets?",
     "without CAP_NET_RAW in the user namespace that owns this network, IP_TRANSPARENT and foreign "
     "source addresses are refused (EPERM)"},
    {"modules_missing", "Does the kernel have what the rules need?",
     "nft says \"No such file or directory\" for an expression whose module is missing"},
    {"rules_refused", "Does nft take the rules?",
     "TPROXY exists only in the prerouting hook; whatever nft refuses is not there"},
    // The listener.
    {"nothing_listens", "Does the proxy listen?",
     "the rules have nobody to bring connections to: they are refused, or pass uninspected"},
    {"listener_not_transparent", "Are all listening sockets transparent?",
     "TPROXY passes over a socket without IP_TRANSPARENT: connections go by, uninspected, without "
     "an error"},
    {"listener_cannot_answer", "Can the listeners answer from other machines' addresses?",
     "without IP_TRANSPARENT the answer has no local source: the kernel has no route for it and "
     "drops the connection (ListenDrops, OutNoRoutes)"},
    {"listener_family", "Do the listeners serve both families?",
     "connections of the family without a listener are refused, or pass uninspected"},
    {"listener_on_loopback", "Do the listeners take connections from other machines?",
     "a listener on 127.0.0.1 or ::1 takes nothing that arrives on an interface"},
    {"port_without_listener", "Is there a listener on each intercepted port?",
     "routing keeps the destination port: without a listener on it IPv4 times out and IPv6 is "
     "refused"},
    // The way of a connection to the proxy.
    {"rule_missing", "Is there a routing rule that brings connections here?",
     "systemd-networkd and others remove rules that they did not make; then no counter moves"},
    {"one_family_missing", "Are the rules there for both families?",
     "`ip rule` and `ip route` without -6 are about IPv4 alone"},
    {"route_missing", "Has the rule's table its route?",
     "the IPv6 route is lost when lo goes down; systemd-networkd removes foreign routes"},
    {"route_not_local", "Is the table's route of type local?",
     "\"default dev lo\" without the word local loops packets instead of delivering them"},
    {"rule_shadowed", "Do our routing rules come first?",
     "VPNs (wg-quick and its like) put rules before those that are there"},
    {"rule_unrestricted", "Do the rules take only the intercepted ports?",
     "a rule for everything that arrives makes this machine answer pings to, and refuse other "
     "ports "
     "of, the whole Internet"},
    {"next_hop_is_self", "Does no route lead by an address of this machine?",
     "a dead end: the kernel looks for the next hop on the link, with ARP, and never routes the "
     "packet "
     "again; nothing answers for our own address there"},
    {"onlink_route", "Are there no onlink routes in the table?",
     "a dead end: onlink only says that the next hop is on the link; packets still leave. Only a "
     "route of type local delivers them here"},
    {"local_address_removed", "Is every own address in the table local?",
     "a dead end: without its entry the address is no longer ours, and programs that use it as "
     "source "
     "fail with \"Invalid argument\""},
    {"address_missing", "Has the clients' interface an address to redirect to?",
     "REDIRECT rewrites to the interface's first address; without one it drops"},
    {"reverse_path_filter", "Does the way back to clients leave where they arrive?",
     "with strict rp_filter the kernel drops what arrives elsewhere (IPReversePathFilter counts)"},
    {"src_valid_mark", "Does the source check leave our mark alone?",
     "with src_valid_mark=1 (VPNs set it) the source is looked up with the mark and found to be "
     "local: IPv4 is dropped (in_martian_src counts)"},
    {"fwmark_accept", "Do the proxy's answers leave the machine?",
     "with tcp_fwmark_accept=1 accepted sockets inherit the mark, and the rule without iif sends "
     "their answers to lo (OutRsts, TCPSynRetrans count)"},
    {"bridge_netfilter", "Does br_netfilter leave bridged packets alone?",
     "it takes the packet from its socket: IPv4 times out, IPv6 is refused. Docker switches it on"},
    {"interface_not_matched", "Does a packet rule take connections from each interface?",
     "iifname that names another, renamed or gone interface: connections go by, uninspected"},
    {"tproxy_in_nat_chain", "Does the tproxy rule stand in a chain of type filter?",
     "nft accepts it in a nat chain, where it does nothing: connections go by, uninspected"},
    {"dnat_before_tproxy", "Is no connection both redirected and diverted?",
     "DNAT after TPROXY rewrites what the socket already has: clients are reset"},
    {"not_tracked", "Does connection tracking see the connections?",
     "REDIRECT passes over what notrack took out: it goes by, uninspected"},
    {"mark_not_set", "Does the tproxy rule set the mark?",
     "without it the routing rule does not fit, and the packet is forwarded or dropped"},
    {"divert_missing", "Does the rest of a connection follow its beginning?",
     "with tproxy for SYN alone, data needs \"socket transparent 1 meta mark set\": else it hangs "
     "after the handshake"},
    {"open_connections_cut", "Do connections that were open before stay as they are?",
     "tproxy or redirect for every packet, or for ct state new, resets them when rules are loaded"},
    {"input_drops_intercepted", "Does the firewall let intercepted packets in?",
     "they keep their destination port in the input hook: opening the proxy's port does nothing"},
    {"input_drops_proxy_port", "Does the firewall let redirected packets in?",
     "REDIRECT has rewritten the port before the input hook: opening port 80 does nothing"},
    {"fails_open", "Are connections refused while nothing listens?",
     "nft's tproxy is passed over without a socket: connections go by, uninspected"},
    // The way of an origin's answer.
    {"return_rule_missing", "Do origins' answers to clients' addresses come back here?",
     "the proxy's connection from a client's address times out: its SYN-ACK is not delivered"},
    {"answers_look_local", "Are origins' answers not taken for forgeries?",
     "a routing rule for this machine's own connections (iif lo) makes an origin's address look "
     "like "
     "ours when the source of its answer is checked: IPv4 answers are dropped (in_martian_src "
     "counts)"},
    {"path_mtu", "Does path MTU discovery work for uploads?",
     "ICMP \"too big\" about the proxy's packets goes to the client: small requests pass, large "
     "uploads hang"},
    {"exemption_not_mirrored", "Do answers to exempted clients reach them?",
     "routing takes every answer from an intercepted port for the proxy's: an exempted client "
     "times "
     "out"},
    {"origin_unreachable", "Is there a way to origins?", "the proxy cannot connect"},
    // What the proxy itself needs.
    {"source_ports", "Are there enough source ports?",
     "connections fail with EADDRINUSE or EADDRNOTAVAIL (hyalite_connects_total "
     "result=\"ports_exhausted\")"},
    {"loop", "Do the proxy's own connections leave?",
     "rules that catch them bring them back, until descriptors run out"},
    {"own_services_intercepted", "Are this machine's own services left alone?",
     "without \"fib daddr type local accept\" clients of the gateway's own pages get the proxy"},
    {"original_destination", "Is the original destination what the client asked for?",
     "half tracked connections name the client itself as SO_ORIGINAL_DST",
     "cannot happen here: the proxy asks connection tracking only where a connection was "
     "redirected"},
    // What programs of this machine open.
    {"local_chain_not_route", "Is the output chain of type route?",
     "a chain of type filter marks packets but routes them no more: nothing is intercepted"},
    {"local_route_without_source", "Has the route for local connections a source?",
     "without src the source would be the destination: ENETUNREACH"},
    // What is not intercepted.
    {"quic_passes", "Is HTTP/3 refused at once?",
     "browsers use UDP 443 and go by, uninspected; dropped silently, they wait"},
    {"not_forwarding", "Is everything else forwarded?",
     "intercepted ports work, all others time out"},
    {"redirects_sent", "Does this machine send no ICMP redirects to clients?",
     "clients and router in one network: the kernel tells clients to go to the router directly"},
    {"flow_offload", "Does no flowtable take intercepted ports?",
     "after its first packets an offloaded connection passes no hook"},
    // Whatever else.
    {"not_as_planned", "Are the rules of `hyalite intercept` those that the settings want?",
     "the settings were changed after `on`, or something else changed the rules"},
};

}  // namespace

std::span<const Row> rows() { return kRows; }

const Row& row(std::string_view id) {
  const auto* found =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& it) { return it.id == id; });
  assert(found != std::end(kRows));
  return *found;
}

void Judgement::look(std::string_view id) {
  if (std::find(looked_.begin(), looked_.end(), id) == looked_.end()) looked_.push_back(row(id).id);
}

void Judgement::find(std::string_view id, std::string what, std::string remedy, std::string shown) {
  look(id);
  for (const Diagnosis& it : findings_) {
    if (it.id == id && it.what == what) return;
  }
  findings_.push_back({row(id).id, std::move(what), std::move(remedy), std::move(shown)});
}

void Judgement::cannot_see(std::string_view id, std::string why) {
  const std::pair<std::string_view, std::string> unseen{row(id).id, std::move(why)};
  if (std::find(unseen_.begin(), unseen_.end(), unseen) == unseen_.end()) unseen_.push_back(unseen);
}

bool Judgement::has(std::string_view id) const {
  return std::any_of(findings_.begin(), findings_.end(),
                     [&](const Diagnosis& it) { return it.id == id; });
}

std::vector<Diagnosis> Judgement::findings() const {
  std::vector<Diagnosis> sorted;
  for (const Row& row : kRows) {
    for (const Diagnosis& it : findings_) {
      if (it.id == row.id) sorted.push_back(it);
    }
  }
  return sorted;
}

std::vector<RowAnswer> Judgement::answers() const {
  std::vector<RowAnswer> all;
  for (const Row& row : kRows) {
    RowAnswer answer{row.id, RowAnswer::State::not_concerned, {}};
    for (const auto& [id, why] : unseen_) {
      if (id == row.id) answer.not_seen.push_back(why);
    }
    if (has(row.id)) {
      answer.state = RowAnswer::State::found;
    } else if (!answer.not_seen.empty()) {
      answer.state = RowAnswer::State::not_looked_at;
    } else if (std::find(looked_.begin(), looked_.end(), row.id) != looked_.end()) {
      answer.state = RowAnswer::State::fine;
    }
    all.push_back(std::move(answer));
  }
  return all;
}

}  // namespace hyalite

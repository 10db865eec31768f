// What there is of interception on this machine.
// SPDX-License-Identifier: MIT
#include "interception/machine.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "base/fd.h"
#include "base/text.h"
#include "interception/program.h"
#include "settings/json.h"

namespace hyalite {

namespace {

std::optional<std::uint32_t> user_id(const std::string& name) {
  std::array<char, 16'384> space{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 ||
      found == nullptr)
    return std::nullopt;
  return entry.pw_uid;
}

// Whom packets to far away would come from: connecting a datagram socket sends none.
std::optional<IpAddress> own_address(int family) {
  const Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Address far{*IpAddress::parse(family == AF_INET ? "192.0.2.1" : "2001:db8::1"), 9};
  sockaddr_storage storage{};
  socklen_t size = far.to_sockaddr(storage, family);
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0)
    return std::nullopt;
  size = sizeof storage;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return std::nullopt;
  const auto address = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  return address ? std::optional(address->ip) : std::nullopt;
}

bool is_for_others(const IpAddress& ip) {
  static const Network loopback = *Network::parse("127.0.0.0/8"),
                       link = *Network::parse("fe80::/10");
  return !loopback.contains(ip) && !link.contains(ip) && ip != *IpAddress::parse("::1");
}

// Where there is no way to far away: an address of one of these interfaces, or of any.
std::optional<IpAddress> address_of(const std::vector<std::string>& interfaces, bool v4) {
  std::optional<IpAddress> found;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    const auto address =
        one->ifa_addr == nullptr ? std::nullopt : Address::from_sockaddr(one->ifa_addr);
    if (!address || address->ip.is_v4() != v4 || !is_for_others(address->ip)) continue;
    const bool wanted =
        std::find(interfaces.begin(), interfaces.end(), one->ifa_name) != interfaces.end();
    if (wanted || !found) found = address->ip;
    if (wanted) break;
  }
  ::freeifaddrs(all);
  return found;
}

bool is_incidental(std::string_view member) { return member == "handle" || member == "metainfo"; }

// The JSON again, without what differs between two times the same rules.
std::string canonical(JsonView view) {
  std::string text;
  if (view.is(JsonView::Type::object)) {
    for (std::size_t i = 0; i < view.size(); ++i) {
      if (is_incidental(view.key(i))) continue;
      text += (text.empty() ? "" : ",") + json_string(view.key(i)) + ':';
      text += view.key(i) == "counter" ? "{}" : canonical(view.element(i));
    }
    return '{' + text + '}';
  }
  if (!view.is(JsonView::Type::array)) return view.text();
  for (std::size_t i = 0; i < view.size(); ++i)
    text += (text.empty() ? "" : ",") + canonical(view.element(i));
  return '[' + text + ']';
}

// Nothing when there is no such table.
Result<std::optional<std::string>> list_packet_table() {
  const auto run =
      run_program({{"nft", "-j", "list", "table", "inet", std::string(kPacketTable)}, {}});
  if (!run && run.error().code == ENOENT) return std::optional<std::string>();
  if (!run) return run.error();
  if (*run) return std::optional(run->output);
  if (run->complaints.find("No such file") != std::string::npos)
    return std::optional<std::string>();
  return Error{Fault::operator_,
               "cannot look at packet rules: " +
                   printable(trim(run->complaints.substr(0, run->complaints.find('\n'))))};
}

std::string deed_of(JsonView expressions) {
  for (std::size_t i = expressions.size(); i > 0; --i) {
    const std::string_view name = expressions.element(i - 1).key(0);
    if (name == "tproxy" || name == "redirect" || name == "reject") return std::string(name);
  }
  return "mark";
}

std::string sysctl_file(const std::string& name) { return "/proc/sys/" + name; }

// "fe80...01 02 40 20 80 eth0"
bool has_ipv6_beside_loopback() {
  std::ifstream addresses("/proc/net/if_inet6");
  for (std::string line; std::getline(addresses, line);) {
    if (!trim(line).ends_with(" lo")) return true;
  }
  return false;
}

// A sysctl may have switched IPv6 off on each interface: then no route leads over lo, and nothing
// comes that would need one. Where something may come all the same, there is IPv6: it must not pass
// uninspected, and `on` says what is wrong.
bool has_ipv6(const InterceptionSettings& it) {
  const auto disabled = [](const std::string& interface) {
    return read_sysctl("net/ipv6/conf/" + interface + "/disable_ipv6");
  };
  if (::access("/proc/net/if_inet6", F_OK) != 0) return false;
  if (disabled("lo") != "1") return true;
  const auto is_on = [&](const std::string& interface) { return disabled(interface) == "0"; };
  const auto any = [&](const std::vector<std::string>& interfaces) {
    return std::any_of(interfaces.begin(), interfaces.end(), is_on);
  };
  // Where no interface is named, traffic may come over any.
  const bool none_named = it.client_interfaces.empty() || it.local != LocalCapture::none;
  return (none_named && has_ipv6_beside_loopback()) || any(it.client_interfaces) ||
         any(it.origin_interfaces);
}

}  // namespace

MachineFacts look_at_machine(const Settings& settings) {
  MachineFacts facts;
  facts.ipv6 = has_ipv6(settings.interception);
  for (const std::string& user : settings.interception.exempt.users) {
    if (const auto id = user_id(user)) facts.user_ids[user] = *id;
  }
  const auto& origins = settings.interception.origin_interfaces;
  facts.own_v4 = own_address(AF_INET);
  if (!facts.own_v4) facts.own_v4 = address_of(origins, true);
  if (facts.ipv6) facts.own_v6 = own_address(AF_INET6);
  if (facts.ipv6 && !facts.own_v6) facts.own_v6 = address_of(origins, false);
  return facts;
}

Result<Presence> find_ours() {
  Presence presence;
  const bool ipv6 = ::access("/proc/net/if_inet6", F_OK) == 0;
  for (const Family family : kFamilies) {
    if (family == Family::v6 && !ipv6) continue;
    const auto rules = find_rules(family);
    if (!rules) return rules.error();
    for (const FoundRule& found : *rules) {
      if (found.ours()) presence.rules.push_back(found);
      const bool first = found.rule.preference == 0 && !found.more &&
                         found.rule.action == RoutingRule::Action::lookup &&
                         found.rule.target == kLocalTable;
      if (first) presence.first_rule.push_back(family);
    }
    const auto routes = find_our_routes(family);
    if (!routes) return routes.error();
    presence.routes.insert(presence.routes.end(), routes->begin(), routes->end());
  }
  auto packets = packet_listing();
  if (!packets) return packets.error();
  presence.packets = std::move(*packets);
  return presence;
}

Result<std::optional<std::string>> packet_listing() {
  const auto listing = list_packet_table();
  if (!listing) return listing.error();
  if (!*listing) return std::optional<std::string>();
  const auto document = JsonDocument::parse(**listing);
  if (!document) return Error{Fault::us, "nft printed what is not JSON"};
  return std::optional(canonical(document->root()));
}

Result<std::vector<PacketCount>> packet_counts() {
  std::vector<PacketCount> counts;
  const auto listing = list_packet_table();
  if (!listing) return listing.error();
  if (!*listing) return counts;
  const auto document = JsonDocument::parse(**listing);
  if (!document) return Error{Fault::us, "nft printed what is not JSON"};
  const JsonView all = document->root().member("nftables");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const JsonView rule = all.element(i).member("rule");
    const JsonView expressions = rule.member("expr");
    for (std::size_t at = 0; at < expressions.size(); ++at) {
      const auto packets = expressions.element(at).at("/counter/packets").integer();
      if (!packets) continue;
      counts.push_back({std::string(rule.member("chain").string().value_or("")),
                        deed_of(expressions), static_cast<std::uint64_t>(*packets)});
    }
  }
  return counts;
}

std::optional<std::string> read_sysctl(const std::string& name) {
  std::ifstream file(sysctl_file(name));
  std::string value;
  if (!file || !std::getline(file, value)) return std::nullopt;
  // The kernel writes tabs between numbers where people write spaces.
  return single_spaced(value);
}

Result<void> write_sysctl(const std::string& name, const std::string& value) {
  const Fd file(::open(sysctl_file(name).c_str(), O_WRONLY | O_CLOEXEC));
  const auto size = static_cast<ssize_t>(value.size());
  if (file && ::write(file.get(), value.data(), value.size()) == size) return {};
  return Error::system(Fault::operator_, "cannot set " + name + " to " + printable(value), errno);
}

}  // namespace hyalite

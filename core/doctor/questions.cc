// Which routes doctor asks the kernel for.
// SPDX-License-Identifier: MIT
#include "doctor/questions.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hyalite {

namespace {

using What = ProbeFact::What;

// More neighbors are not asked about: each is a program to run.
constexpr std::size_t kMostNeighbors = 8;
constexpr std::size_t kMostPorts = 8;

std::string mark_text(std::uint32_t mark) {
  char text[32];
  std::snprintf(text, sizeof text, " mark 0x%x", mark);
  return text;
}

// Another address of the network: the next one, or the one before.
IpAddress next_to(const IpAddress& own) {
  const std::string_view bytes = own.bytes();
  const auto last = static_cast<unsigned char>(bytes.back());
  const auto other = static_cast<unsigned char>(last >= 254 ? last - 1 : last + 1);
  if (own.is_v4()) {
    in_addr address{};
    std::memcpy(&address, bytes.data(), sizeof address);
    reinterpret_cast<unsigned char*>(&address)[3] = other;
    return IpAddress::v4(address);
  }
  in6_addr address{};
  std::memcpy(&address, bytes.data(), sizeof address);
  address.s6_addr[15] = other;
  return IpAddress::v6(address);
}

class Questions {
 public:
  Questions(const Settings& settings, const std::vector<AddressFact>& addresses,
            const std::vector<NeighborFact>& neighbors, const Hint& hint)
      : settings_(settings), addresses_(addresses), neighbors_(neighbors), hint_(hint) {}

  std::vector<ProbeFact> all() {
    const auto& interfaces = settings_.interception.client_interfaces;
    for (const std::string& interface : interfaces) {
      for (const bool v6 : {false, true}) {
        bool first = true;
        for (const IpAddress& client : clients_behind(interface, v6)) {
          ask_about(interface, v6, client, first);
          first = false;
        }
      }
    }
    return std::move(asked_);
  }

 private:
  bool keeps_ports() const {
    return settings_.interception.mode == InterceptionMode::routing ||
           settings_.interception.mode == InterceptionMode::hybrid;
  }
  bool brought_by_routing() const {
    return keeps_ports() || settings_.interception.mode == InterceptionMode::tproxy;
  }

  std::vector<IpAddress> clients_behind(const std::string& interface, bool v6) const {
    std::vector<IpAddress> found;
    for (const IpAddress& it : hint_.clients) {
      if (it.is_v4() != v6) found.push_back(it);
    }
    if (!found.empty()) return found;
    for (const AddressFact& it : addresses_) {
      if (it.link == interface && it.global && it.ip.is_v4() != v6 && found.empty())
        found.push_back(next_to(it.ip));
    }
    for (const NeighborFact& it : neighbors_) {
      const bool link_local = it.ip.text().starts_with("fe80:");
      if (it.link == interface && it.ip.is_v4() != v6 && !link_local &&
          found.size() <= kMostNeighbors)
        found.push_back(it.ip);
    }
    return found;
  }

  std::string origin(bool v6) const {
    for (const IpAddress& it : hint_.origins) {
      if (it.is_v4() != v6) return it.text();
    }
    return v6 ? "2001:db8::2" : "198.51.100.2";  // RFC 3849, RFC 5737
  }

  void ask(What what, bool v6, const std::string& interface, std::uint16_t port,
           const std::string& from, const std::string& to, const std::string& more) {
    ProbeFact probe;
    probe.what = what;
    probe.v6 = v6;
    probe.interface = interface;
    probe.port = port;
    probe.from = from;
    probe.to = to;
    const bool arrives =
        what != What::back_to_client && what != What::to_origin && what != What::own_upstream;
    probe.command = std::string("ip ") + (v6 ? "-6 " : "") + "route get " + to +
                    (arrives ? " from " + from + " iif " + interface : "") + more;
    asked_.push_back(std::move(probe));
  }

  void ask_about(const std::string& interface, bool v6, const IpAddress& client_ip, bool first) {
    const std::string client = client_ip.text(), far = origin(v6);
    const std::string mark = mark_text(settings_.interception.mark);
    const std::string tcp = " ipproto tcp";
    if (brought_by_routing()) {
      for (const std::uint16_t port : ports()) {
        ask(What::arriving, v6, interface, port, client, far,
            keeps_ports() ? tcp + " sport 40000 dport " + std::to_string(port) : mark);
        if (!keeps_ports()) break;
      }
    }
    ask(What::back_to_client, v6, interface, 0, far, client, "");
    if (!first) return;
    if (brought_by_routing())
      ask(What::arriving_icmp, v6, interface, 0, client, far,
          std::string(" ipproto ") + (v6 ? "ipv6-icmp" : "icmp"));
    ask(What::arriving_quic, v6, interface, 443, client, far, " ipproto udp sport 40000 dport 443");
    ask_about_answers(v6, client, far, mark);
    ask_about_origin(v6, far);
  }

  void ask_about_answers(bool v6, const std::string& client, const std::string& far,
                         const std::string& mark) {
    const auto& interception = settings_.interception;
    if (settings_.upstream.source != UpstreamSource::client || !brought_by_routing()) return;
    for (const std::string& interface : interception.origin_interfaces) {
      // With ports, too: rules of others may ask for them when the source is checked.
      const bool marked = interception.mode != InterceptionMode::routing;
      for (const std::uint16_t port : ports()) {
        ask(What::answering, v6, interface, port, far, client,
            (marked ? mark : "") + " ipproto tcp sport " + std::to_string(port) + " dport 40000");
      }
      if (marked) continue;
      ask(What::answering_icmp, v6, interface, 0, far, client,
          std::string(" ipproto ") + (v6 ? "ipv6-icmp" : "icmp"));
    }
  }

  // IPv6 clients of a site without a way to the IPv6 Internet miss nothing.
  void ask_about_origin(bool v6, const std::string& far) {
    const bool told = std::any_of(hint_.origins.begin(), hint_.origins.end(),
                                  [&](const IpAddress& it) { return it.is_v4() != v6; });
    if (!v6 || told) ask(What::to_origin, v6, "", 0, "", far, "");
    const std::uint32_t mark = settings_.upstream.mark;
    for (const std::uint16_t port : ports()) {
      ask(What::own_upstream, v6, "", port, "", far,
          (mark != 0 ? mark_text(mark) : "") + " ipproto tcp dport " + std::to_string(port));
    }
  }

  std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> some = settings_.interception.ports;
    if (some.size() > kMostPorts) some.resize(kMostPorts);
    return some;
  }

  const Settings& settings_;
  const std::vector<AddressFact>& addresses_;
  const std::vector<NeighborFact>& neighbors_;
  const Hint& hint_;
  std::vector<ProbeFact> asked_;
};

}  // namespace

std::vector<ProbeFact> questions(const Settings& settings,
                                 const std::vector<AddressFact>& addresses,
                                 const std::vector<NeighborFact>& neighbors, const Hint& hint) {
  return Questions(settings, addresses, neighbors, hint).all();
}

}  // namespace hyalite

// The parts of a plan, each made by itself. SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "interception/plan.h"

namespace hyalite {

// What all parts ask of the settings.
struct Intention {
  const Settings& settings;
  const InterceptionSettings& interception;
  const MachineFacts& machine;
  const PlanOptions& options;

  bool mode(InterceptionMode it) const { return interception.mode == it; }
  bool local(LocalCapture it) const { return interception.local == it; }
  // Connections of clients are brought here, not only those to named destinations.
  bool from_clients() const {
    return !mode(InterceptionMode::anyip) && !interception.client_interfaces.empty();
  }
  // Answers that come back to clients' addresses must be brought here, too.
  bool brings_answers() const {
    return settings.upstream.source == UpstreamSource::client &&
           !interception.origin_interfaces.empty();
  }
  // Connections keep their destination port: a listener is on each.
  bool keeps_ports() const {
    return mode(InterceptionMode::routing) || mode(InterceptionMode::hybrid);
  }
  // A route catches connections by their port or destination, be they new or not.
  bool cuts_open_by_port() const {
    return (from_clients() && keeps_ports()) || local(LocalCapture::routing);
  }
  bool cuts_open() const { return cuts_open_by_port() || !anyip().empty(); }
  bool keeps_open() const { return options.keep_open && cuts_open(); }
  bool refuses_quic() const;
  std::uint16_t listener_port() const;
  std::vector<Network> anyip() const;
  // Of the listeners that name them.
  std::vector<std::uint16_t> anyip_ports() const;
  std::vector<Family> families() const;
  // Of origins alone: clients are not behind them.
  std::vector<std::string> outer_interfaces() const;
};

Result<std::vector<std::uint32_t>> exempt_user_ids(const Intention& intention);

// Of one family, without those that another one holds already: what both nft and ip can take.
std::vector<Network> of_family(const std::vector<Network>& networks, Family family);
Family family_of(const Network& network);

PacketTable packet_table(const Intention& intention, const std::vector<std::uint32_t>& users);

// Rules and routes. What captures comes after the packet rules, everything else before.
struct RoutingSteps {
  std::vector<Step> before, capturing;
};
RoutingSteps routing_steps(const Intention& intention, const std::vector<std::uint32_t>& users);

}  // namespace hyalite

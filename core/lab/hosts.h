// The lab's hosts: their names, links and addresses.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace hyalite {

//   client eth0 ---- lan gateway wan ---- eth0 origin
// `router` stands between gateway and origin, and only in a lab with LabFault::mtu_1280.
enum class LabHost { client, gateway, origin, router };

// Those that every lab has.
inline constexpr std::array kLabHosts = {LabHost::client, LabHost::gateway, LabHost::origin};

std::optional<LabHost> lab_host_from(std::string_view name);
std::string_view name_of(LabHost host);

// The file that holds a host's network namespace, where `ip netns` looks for it too.
std::string namespace_path(LabHost host);

// One address of the lab, in both families.
struct LabAddress {
  std::string_view variable;  // HYALITE_LAB_<variable>_4 and _6 hold it
  LabHost host;
  std::string_view link;
  std::string_view v4;  // in a /24
  std::string_view v6;  // in a /64
  std::string_view names;
};

inline constexpr std::array<LabAddress, 5> kLabAddresses = {{
    {"CLIENT", LabHost::client, "eth0", "10.71.1.2", "fd71:1::2", "client.lab"},
    {"LAN", LabHost::gateway, "lan", "10.71.1.1", "fd71:1::1", "gateway.lab"},
    {"WAN", LabHost::gateway, "wan", "10.71.2.1", "fd71:2::1", ""},
    {"ORIGIN", LabHost::origin, "eth0", "10.71.2.2", "fd71:2::2", "origin.lab www.lab"},
    {"OTHER", LabHost::origin, "eth0", "10.71.2.3", "fd71:2::3", "other.lab ads.lab"},
}};

}  // namespace hyalite

// The lab's hosts: their names, links and addresses.
// SPDX-License-Identifier: MIT
#include "lab/hosts.h"

namespace hyalite {

std::optional<LabHost> lab_host_from(std::string_view name) {
  for (const LabHost host : kLabHosts) {
    if (name_of(host) == name) return host;
  }
  return std::nullopt;
}

std::string_view name_of(LabHost host) {
  switch (host) {
    case LabHost::client:
      return "client";
    case LabHost::gateway:
      return "gateway";
    case LabHost::origin:
      return "origin";
    case LabHost::router:
      return "router";
  }
  return "";
}

std::string namespace_path(LabHost host) { return "/run/netns/" + std::string(name_of(host)); }

}  // namespace hyalite

// Links, addresses and routes between the lab's hosts.
// SPDX-License-Identifier: MIT
#include "lab/network.h"

#include "lab/hosts.h"
#include "lab/namespaces.h"
#include "lab/program.h"

namespace hyalite {

namespace {

const LabAddress& address(std::string_view variable) {
  for (const LabAddress& it : kLabAddresses) {
    if (it.variable == variable) return it;
  }
  return kLabAddresses.front();
}

// What `ip -batch` does on one host. lo comes first: an IPv6 route to it needs it up.
std::string addresses_of(LabHost host) {
  std::string batch = "link set lo up\n";
  for (const LabAddress& it : kLabAddresses) {
    if (it.host != host) continue;
    const std::string link(it.link);
    batch += "address add " + std::string(it.v4) + "/24 dev " + link + "\n";
    batch += "address add " + std::string(it.v6) + "/64 dev " + link + " nodad\n";
    batch += "link set " + link + " up\n";
  }
  return batch;
}

std::string default_routes_by(const LabAddress& router) {
  return "route add default via " + std::string(router.v4) + "\nroute add default via " +
         std::string(router.v6) + "\n";
}

Result<void> ip_batch(LabHost host, const std::string& batch) {
  return run_on(host, {"ip", "-batch", "-"}, batch);
}

Result<void> connect_hosts() {
  const Result<void> links = ip_batch(LabHost::gateway,
                                      "link add lan type veth peer name eth0 netns client\n"
                                      "link add wan type veth peer name eth0 netns origin\n" +
                                          addresses_of(LabHost::gateway));
  if (!links) return links;
  const Result<void> client =
      ip_batch(LabHost::client, addresses_of(LabHost::client) + default_routes_by(address("LAN")));
  if (!client) return client;
  return ip_batch(LabHost::origin,
                  addresses_of(LabHost::origin) + default_routes_by(address("WAN")));
}

}  // namespace

std::string lab_hosts_file() {
  std::string hosts = "127.0.0.1 localhost\n::1 localhost\n";
  for (const LabAddress& it : kLabAddresses) {
    if (it.names.empty()) continue;
    hosts += std::string(it.v4) + " " + std::string(it.names) + "\n";
    hosts += std::string(it.v6) + " " + std::string(it.names) + "\n";
  }
  return hosts;
}

Result<void> build_network() {
  // The gateway last: this process stays there.
  for (const LabHost host : {LabHost::client, LabHost::origin, LabHost::gateway}) {
    const Result<void> made = make_network(host);
    if (!made) return made;
  }
  for (const char* name : {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"}) {
    const Result<void> forwarding = set_sysctl(name, "1");
    if (!forwarding) return forwarding;
  }
  return connect_hosts();
}

}  // namespace hyalite

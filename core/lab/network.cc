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

// The gateway's interfaces are called as the options say.
std::string link_of(const LabAddress& address, const LabOptions& options) {
  if (address.link == "lan") return options.lan;
  if (address.link == "wan") return options.wan;
  return std::string(address.link);
}

// What `ip -batch` does on one host. lo comes first: an IPv6 route to it needs it up.
std::string addresses_of(LabHost host, const LabOptions& options) {
  std::string batch = "link set lo up\n";
  for (const LabAddress& it : kLabAddresses) {
    if (it.host != host) continue;
    const std::string link = link_of(it, options);
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

// Between gateway and origin, and seen by neither: it answers for each to the other. It has
// addresses only to complain from.
Result<void> build_narrow_router() {
  const std::string wan_4(address("WAN").v4), wan_6(address("WAN").v6);
  std::string batch =
      "link set lo up\naddress add 10.71.9.1/32 dev lo\naddress add fd71:9::1/128 dev lo\n"
      "link set near up\nlink set far up\n"
      "route add " +
      wan_4 + " dev near\nroute add " + wan_6 + " dev near\n" + "route add 10.71.1.0/24 via " +
      wan_4 + " dev near\nroute add fd71:1::/64 via " + wan_6 + " dev near\n" +
      "neighbor add proxy " + wan_6 + " dev far\n";
  for (const LabAddress& it : kLabAddresses) {
    if (it.host != LabHost::origin) continue;
    const std::string v4(it.v4), v6(it.v6);
    batch += "route add " + v4 + " dev far mtu lock 1280\nroute add " + v6 +
             " dev far mtu lock 1280\nneighbor add proxy " + v6 + " dev near\n";
  }
  for (const char* name : {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding",
                           "net/ipv4/conf/near/proxy_arp", "net/ipv4/conf/far/proxy_arp",
                           "net/ipv6/conf/near/proxy_ndp", "net/ipv6/conf/far/proxy_ndp"}) {
    const Result<void> set = set_sysctl(name, "1");
    if (!set) return set;
  }
  return ip_batch(LabHost::router, batch);
}

Result<void> connect_hosts(const LabOptions& options) {
  const bool narrow = options.trouble.has(LabFault::mtu_1280);
  const std::string wan_peer = narrow ? "near netns router" : "eth0 netns origin";
  const Result<void> links =
      ip_batch(LabHost::gateway, "link add " + options.lan +
                                     " type veth peer name eth0 netns client\nlink add " +
                                     options.wan + " type veth peer name " + wan_peer + "\n" +
                                     addresses_of(LabHost::gateway, options));
  if (!links) return links;
  if (narrow) {
    const Result<void> far =
        ip_batch(LabHost::router, "link add far type veth peer name eth0 netns origin\n");
    if (!far) return far;
  }
  const Result<void> client = ip_batch(
      LabHost::client, addresses_of(LabHost::client, options) + default_routes_by(address("LAN")));
  if (!client) return client;
  return ip_batch(LabHost::origin,
                  addresses_of(LabHost::origin, options) + default_routes_by(address("WAN")));
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

Result<void> build_network(const LabOptions& options) {
  const bool narrow = options.trouble.has(LabFault::mtu_1280);
  if (narrow) {
    const Result<void> made = make_network(LabHost::router);
    if (!made) return made;
  }
  // The gateway last: this process stays there.
  for (const LabHost host : {LabHost::client, LabHost::origin, LabHost::gateway}) {
    const Result<void> made = make_network(host);
    if (!made) return made;
  }
  for (const char* name : {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"}) {
    const Result<void> forwarding = set_sysctl(name, "1");
    if (!forwarding) return forwarding;
  }
  const Result<void> connected = connect_hosts(options);
  if (!connected || !narrow) return connected;
  const Result<void> there = enter_network(LabHost::router);
  const Result<void> built = there ? build_narrow_router() : there;
  const Result<void> back = enter_network(LabHost::gateway);
  return built ? back : built;
}

}  // namespace hyalite

// Where was the client really going?
// SPDX-License-Identifier: MIT
#include "net/original_destination.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace hyalite {

namespace {

// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST; their headers do not agree with those of glibc.
constexpr int kOriginalDestination = 80;

std::optional<Address> own_side(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
}

std::optional<Address> ask_conntrack(int fd, bool v4) {
  // An IPv4 connection on an AF_INET6 socket is an IPv4 connection to conntrack; the other level
  // knows nothing.
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockopt(fd, v4 ? SOL_IP : SOL_IPV6, kOriginalDestination, &storage, &size) != 0)
    return std::nullopt;
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
}

}  // namespace

const char* name(ArrivalRefusal refusal) {
  switch (refusal) {
    case ArrivalRefusal::direct_hit:
      return "direct_hit";
    case ArrivalRefusal::loop_to_listener:
      return "loop_to_listener";
    case ArrivalRefusal::loop_of_ours:
      return "loop_of_ours";
  }
  return "";
}

const char* name(ArrivalMode mode) {
  switch (mode) {
    case ArrivalMode::transparent:
      return "transparent";
    case ArrivalMode::redirect:
      return "redirect";
    case ArrivalMode::fixed:
      return "fixed";
  }
  return "";
}

Arrivals::Arrivals(std::vector<std::uint16_t> listener_ports, LocalAddresses& local,
                   const LoopTable& ours, std::vector<Network> named)
    : ports_(std::move(listener_ports)), local_(local), ours_(ours), named_(std::move(named)) {}

bool Arrivals::is_listener(const Address& address) {
  const auto holds = [&](const Network& network) { return network.contains(address.ip); };
  if (std::any_of(named_.begin(), named_.end(), holds)) return false;
  return std::find(ports_.begin(), ports_.end(), address.port) != ports_.end() &&
         local_.contains(address.ip);
}

std::variant<Arrival, ArrivalRefusal> Arrivals::judge(int fd, const ClientAddress& client) {
  const auto own = own_side(fd);
  if (!own) return ArrivalRefusal::direct_hit;  // the client is gone, and its address with it
  Arrival arrival{OriginalDestination{*own}, ArrivalMode::transparent};
  if (is_listener(*own)) {
    const auto original = ask_conntrack(fd, own->ip.is_v4());
    // Where a flow is tracked in one direction only, conntrack names the client itself.
    if (!original || *original == *own || *original == static_cast<const Address&>(client))
      return ArrivalRefusal::direct_hit;
    if (is_listener(*original)) return ArrivalRefusal::loop_to_listener;
    arrival = {OriginalDestination{*original}, ArrivalMode::redirect};
  }
  return check_loop(arrival, client);
}

std::variant<Arrival, ArrivalRefusal> Arrivals::judge_fixed(const OriginalDestination& destination,
                                                            const ClientAddress& client) {
  if (is_listener(destination)) return ArrivalRefusal::loop_to_listener;
  return check_loop({destination, ArrivalMode::fixed}, client);
}

// Whatever the cause (an exemption that is missing, a translation elsewhere): the client is a
// connection of our own.
std::variant<Arrival, ArrivalRefusal> Arrivals::check_loop(const Arrival& arrival,
                                                           const ClientAddress& client) const {
  if (ours_.contains(client, arrival.destination)) return ArrivalRefusal::loop_of_ours;
  return arrival;
}

}  // namespace hyalite

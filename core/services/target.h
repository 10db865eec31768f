// Where a service is: an address, a name to be resolved, or a unix socket.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "settings/settings.h"

namespace hyalite {

struct NamedHost {
  std::string name;
  std::uint16_t port = 0;
};
struct UnixSocket {
  std::string path;
};
using ServiceTarget = std::variant<Address, NamedHost, UnixSocket>;

// The settings were checked.
ServiceTarget target_of(const ServiceSettings& service);
// What a request says its host is when the plugin does not.
std::string host_of(const ServiceSettings& service);

// The mark by which interception rules leave our own connections alone; 0: none.
struct OwnMark {
  std::uint32_t mark = 0;
  bool required = true;
};

// Begins to connect, without waiting: the socket becomes writable when it is connected, or has failed.
Result<Fd> begin_connect(const Address& address, const OwnMark& mark);
Result<Fd> begin_connect(const UnixSocket& socket);

}  // namespace hyalite

// TLS with the services that plugins talk to. The CA of interception, its key and its trust have no part in it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/transport.h"
#include "settings/mistake.h"
#include "settings/settings.h"
#include "tls/facts.h"

namespace hyalite {

class ServiceTls {
 public:
  virtual ~ServiceTls() = default;

  // Puts TLS over a connection to that service. The handshake fails, with an alert, unless the service's certificate is sound
  // now and names it: nothing is said to anybody else. `facts` outlive the transport, and say why. One thread.
  virtual void over(std::unique_ptr<Transport>& transport, std::string_view service, WallTime now, TlsFacts& facts) = 0;

  // Before there are workers. Null when a file that a service should be trusted by is wrong: added to `mistakes`. `settings`
  // outlive this; `file` is what mistakes call the settings file, and paths are seen from it.
  static std::unique_ptr<ServiceTls> load(const Settings& settings, const std::string& file, Mistakes& mistakes);
};

// Whose certificate it must be: as the settings say, or the host of the address.
std::string server_name_of(const ServiceSettings& service);

// Why a handshake failed, for a person.
std::string failure_of(const TlsFacts& facts);

}  // namespace hyalite

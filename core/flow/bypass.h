// Which flows are left alone.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/name_set.hpp>

#include <string_view>

#include "settings/settings.h"

namespace hyalite {

class Bypass {
 public:
  explicit Bypass(const BypassSettings& settings);

  bool covers(const ClientAddress& client, const OriginalDestination& destination) const;
  // A server name of TLS or the host of a request, in any case, with or without a port: it or a parent of it is listed.
  bool covers_name(std::string_view name) const;

 private:
  BypassSettings settings_;
  NameSet names_;
};

}  // namespace hyalite

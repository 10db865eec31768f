// One connection of a trial, seen from both ends.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "settings/settings.h"

namespace hyalite {

struct TrialConnection {
  Address destination;
  Address client;       // where it was made
  Address seen;         // where the origin saw it come from
  bool direct = false;  // the client's own packets reached the origin: nobody stands between
  std::string failure;  // why there was none; empty: there was
};

// Connects to what serve_web() (lab/web.h) serves there, from this process's network, as a client
// with an HTTP request.
TrialConnection try_connection(const Address& destination);

// One line: "IPv4 port 80: ...". `passed` becomes false when it is not as the settings want it.
std::string judge_connection(const TrialConnection& connection, const Settings& settings,
                             bool& passed);

// As lines between processes.
std::string to_line(const TrialConnection& connection);
TrialConnection from_line(const std::string& line);

}  // namespace hyalite

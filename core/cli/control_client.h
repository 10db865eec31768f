// Asks the running service over its control socket.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace hyalite {

struct ControlAnswer {
  int status = 0;  // of HTTP
  std::string body;
};

// One request, one answer; an error when nobody listens there or the answer does not come in time.
Result<ControlAnswer> ask_service(const std::string& socket_path, std::string_view method, std::string_view path,
                                  Milliseconds at_most);

}  // namespace hyalite

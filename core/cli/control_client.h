// Asks the running service, through its control socket.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hyalite {

struct ControlRequest {
  std::string method, target;
};
struct ControlAnswer {
  int status = 0;
  std::string body;
};

// Blocks until the answer is there; a reload takes as long as its plugins take to load. The error's
// code is ENOENT or ECONNREFUSED when nobody serves there.
Result<ControlAnswer> ask_control(const std::string& socket_path, const ControlRequest& request);

// The answer in what was received, up to the connection's end.
Result<ControlAnswer> parse_answer(std::string_view received);

}  // namespace hyalite

// Asks the running service, through its control socket.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "process/unix_socket.h"

namespace hyalite {

struct ControlRequest {
  std::string method, target;
  // For the whole answer; none: as long as it takes.
  std::optional<Milliseconds> patience = std::nullopt;
};
struct ControlAnswer {
  int status = 0;
  std::string body;
};

// Blocks until the answer is there; a reload takes as long as its plugins take to load. The error's
// code is ENOENT or ECONNREFUSED when nobody serves there, ETIMEDOUT when somebody does who took no connection in time, or
// did not answer within the request's patience.
Result<ControlAnswer> ask_control(const std::string& socket_path, const ControlRequest& request,
                                  Milliseconds connects = kConnectPatience);

// The answer in what was received, up to the connection's end: whole, or none.
Result<ControlAnswer> parse_answer(std::string_view received);

}  // namespace hyalite

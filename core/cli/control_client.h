<<<<<<< HEAD
// Asks the running service over its control socket.
=======
// Asks the running service, through its control socket.
>>>>>>> process
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

<<<<<<< HEAD
#include "base/clock.h"
=======
>>>>>>> process
#include "base/result.h"

namespace hyalite {

<<<<<<< HEAD
struct ControlAnswer {
  int status = 0;  // of HTTP
  std::string body;
};

// One request, one answer; an error when nobody listens there or the answer does not come in time.
Result<ControlAnswer> ask_service(const std::string& socket_path, std::string_view method, std::string_view path,
                                  Milliseconds at_most);
=======
struct ControlRequest {
  std::string method, target;
};
struct ControlAnswer {
  int status = 0;
  std::string body;
};

// Blocks until the answer is there; a reload takes as long as its plugins take to load. The error's code is ENOENT or ECONNREFUSED when
// nobody serves there.
Result<ControlAnswer> ask_control(const std::string& socket_path, const ControlRequest& request);

// The answer in what was received, up to the connection's end.
Result<ControlAnswer> parse_answer(std::string_view received);
>>>>>>> process

}  // namespace hyalite

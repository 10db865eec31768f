// Calls of the system that may block, seen by another process while a plugin makes them (seccomp_unotify(2)).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"

namespace hyalite {

// In the process that runs the plugin: from here on each such call waits until the watcher at the other end of `socket` lets
// it go on. False, and nothing changed: this machine cannot do that.
bool hand_over_system_calls(int socket, std::string& why_not);

// In the watcher: bytes from the socket, and the descriptor that may come with them.
struct HandedOver {
  std::string bytes;
  Fd listener;
  bool ended = false;
};
HandedOver receive_from(int socket);

// One call that waits; it goes on when this returns. False: there was none.
struct SystemCall {
  std::uint32_t thread = 0;
  const char* name = "";
};
bool let_go_on(int listener, SystemCall& call);

}  // namespace hyalite

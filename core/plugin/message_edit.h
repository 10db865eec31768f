// What a plugin does with a message that it is shown: written down by the host's functions, carried out by the pipe.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plugin/hook.h"
#include "websocket/frame.h"

namespace hyalite {

// A message of a plugin's own.
struct Injection {
  Direction direction = Direction::request;
  Opcode opcode = Opcode::text;
  std::string payload;
};

struct MessageEdit {
  const bool may_edit;   // it has not passed on yet, and is no Close
  const Opcode opcode;   // what it is
  bool dropped = false;
  std::optional<std::string> payload = std::nullopt;  // in place of its own
  std::vector<Injection> injections = {};

  std::size_t injected_bytes() const {
    std::size_t sum = 0;
    for (const Injection& one : injections) sum += one.payload.size() + kMostFrameHead;
    return sum;
  }
};

}  // namespace hyalite

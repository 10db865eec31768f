// What a plugin does with a message that it is shown: written down by the host's functions, carried out by the pipe.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
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
  std::array<std::size_t, 2> waiting = {};  // bytes of earlier ones that have not gone yet, by direction

  // Of all messages of a plugin's own that wait in that direction.
  std::size_t waiting_bytes(Direction direction) const {
    std::size_t sum = waiting[static_cast<std::size_t>(direction)];
    for (const Injection& one : injections) {
      if (one.direction == direction) sum += one.payload.size() + kMostFrameHead;
    }
    return sum;
  }
};

}  // namespace hyalite

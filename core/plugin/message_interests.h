// What the instances need of the messages of a WebSocket.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/ws.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugin/hook.h"

namespace hyalite {

struct MessageOptions {
  std::uint32_t mode = HYALITE_WS_NONE;
  std::uint32_t overflow = HYALITE_WS_OVERFLOW_REJECT;
  std::uint64_t cap = 0;
};

// By instance and direction; empty until somebody declares one.
class MessageInterests {
 public:
  MessageOptions& of(Direction direction, std::size_t instance) { return all_[static_cast<std::size_t>(direction)][instance]; }
  bool empty() const { return all_[0].empty(); }
  void make(std::size_t instances) {
    for (auto& all : all_) all.resize(instances);
  }
  // Of any instance that is not in `left_out`, in either direction.
  bool any(std::uint64_t left_out) const {
    for (std::size_t i = 0; i < all_[0].size(); ++i) {
      const bool wants = all_[0][i].mode != HYALITE_WS_NONE || all_[1][i].mode != HYALITE_WS_NONE;
      if (wants && (left_out >> i & 1) == 0) return true;
    }
    return false;
  }
  void forget(std::uint64_t left_out) {
    for (std::size_t i = 0; i < all_[0].size(); ++i) {
      if ((left_out >> i & 1) != 0) all_[0][i] = all_[1][i] = {};
    }
  }

 private:
  std::vector<MessageOptions> all_[2];
};

}  // namespace hyalite

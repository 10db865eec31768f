// What the instances need of the messages of a WebSocket.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/ws.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/seldom.h"
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
  MessageOptions& of(Direction direction, std::size_t instance) {
    return all_.touch()[instance].of[static_cast<std::size_t>(direction)];
  }
  bool empty() const { return all_->empty(); }
  void make(std::size_t instances) { all_.touch().resize(instances); }
  // Of any instance that is not in `left_out`, in either direction.
  bool any(std::uint64_t left_out) const {
    for (std::size_t i = 0; i < all_->size(); ++i) {
      const auto& [request, response] = (*all_)[i].of;
      const bool wants = request.mode != HYALITE_WS_NONE || response.mode != HYALITE_WS_NONE;
      if (wants && (left_out >> i & 1) == 0) return true;
    }
    return false;
  }
  void forget(std::uint64_t left_out) {
    if (all_->empty()) return;
    std::vector<Ways>& all = all_.touch();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if ((left_out >> i & 1) != 0) all[i] = {};
    }
  }

 private:
  struct Ways {
    MessageOptions of[2];  // by direction
  };
  Seldom<std::vector<Ways>> all_;
};

}  // namespace hyalite

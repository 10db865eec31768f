// Messages of a WebSocket, in C++. Included by <hyalite/plugin.hpp>.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/cpp/border.hpp>

#include <cstdint>
#include <string_view>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {

  // What a plugin needs of one direction; see ws.h.
  struct MessageWish {
    std::uint32_t mode = HYALITE_WS_NONE;
    std::uint64_t cap = 0;
    std::uint32_t overflow = HYALITE_WS_OVERFLOW_REJECT;

    static MessageWish frames(std::uint64_t cap = 0) { return {HYALITE_WS_FRAMES, cap}; }
    static MessageWish tap(std::uint64_t cap = 0) { return {HYALITE_WS_TAP, cap}; }
    static MessageWish messages(std::uint64_t cap = 0, std::uint32_t overflow = HYALITE_WS_OVERFLOW_REJECT) {
      return {HYALITE_WS_MESSAGES, cap, overflow};
    }
    hyalite_ws_options options() const { return {sizeof(hyalite_ws_options), mode, overflow, 0, cap}; }
  };

  // A message, or with frames() a frame.
  class WebSocketMessage {
   public:
    WebSocketMessage(const Host& host, hyalite_flow* flow, const hyalite_ws_message& about)
        : host_(&host), flow_(flow), about_(&about) {}

    std::uint32_t opcode() const { return about_->opcode; }
    bool is_text() const { return about_->opcode == HYALITE_WS_TEXT; }
    bool is_binary() const { return about_->opcode == HYALITE_WS_BINARY; }
    bool is_close() const { return about_->opcode == HYALITE_WS_CLOSE; }
    // Close, Ping, Pong.
    bool is_control() const { return about_->opcode >= HYALITE_WS_CLOSE; }
    bool last() const { return (about_->flags & HYALITE_WS_FINAL) != 0; }
    bool truncated() const { return (about_->flags & HYALITE_WS_TRUNCATED) != 0; }
    std::uint32_t frames() const { return about_->frames; }
    std::uint64_t length() const { return about_->length; }
    // Of a Close: its reason.
    std::string_view payload() const { return view(about_->payload); }
    std::uint32_t close_code() const { return about_->close_code; }

    hyalite_status replace(std::string_view payload) { return host_->ws->replace(flow_, bytes(payload)); }
    hyalite_status drop() { return host_->ws->drop(flow_); }
    hyalite_status inject(hyalite_direction direction, std::uint32_t opcode, std::string_view payload) {
      return host_->ws->inject(flow_, direction, opcode, bytes(payload));
    }
    // Nothing more of that direction for this plugin.
    hyalite_status enough(hyalite_direction direction) { return host_->ws->enough(flow_, direction); }
    // A decision: return what it returns.
    Verdict close(std::uint32_t code, std::string_view reason = {}) {
      return host_->ws->close(flow_, code, bytes(reason)) == HYALITE_OK ? Verdict::final : Verdict::error;
    }

   private:
    const Host* host_;
    hyalite_flow* flow_;
    const hyalite_ws_message* about_;
  };

  }  // namespace v1
}  // namespace )

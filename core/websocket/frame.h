// One frame of a WebSocket connection (RFC 6455, section 5.2): its head, read and written.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "websocket/refusal.h"

namespace hyalite {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
constexpr bool is_control(Opcode opcode) { return opcode >= Opcode::close; }

// What clients mask their payloads with (section 5.3).
using FrameMask = std::array<char, 4>;

struct FrameHead {
  Opcode opcode = Opcode::binary;
  bool final = true;  // the last of its message
  std::uint64_t length = 0;
  std::optional<FrameMask> mask;
};

inline constexpr std::size_t kMostFrameHead = 14;
inline constexpr std::size_t kMostControlPayload = 125;

// Reads one that begins at `bytes`: how long it is when whole (0: more is needed), or why it is none.
struct FrameHeadRead {
  std::size_t size = 0;
  std::optional<FrameRefusal> refusal;
};
FrameHeadRead read_frame_head(Bytes bytes, FrameHead& out);
// As short as it can be.
std::string written(const FrameHead& head);
// A whole frame.
std::string written(const FrameHead& head, Bytes payload);
// Puts the mask on, or takes it off; `at` is where `bytes` begin in the payload.
void mask_over(char* bytes, std::size_t size, const FrameMask& mask, std::uint64_t at);
// One that nobody can foresee.
FrameMask fresh_mask();

// May an endpoint send this code (section 7.4)?
bool may_be_sent(unsigned close_code);
// The payload of a Close: the code and the reason; empty for 1005, which stands for none.
std::string close_payload(unsigned code, Bytes reason);

}  // namespace hyalite

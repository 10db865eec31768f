// Why WebSocket frames are not passed on: every reason there is, with its name and its close code.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hyalite {

// Sections of RFC 6455.
enum class FrameRefusal : std::uint8_t {
  reserved_bit,             // 5.2: no extension was agreed on
  unknown_opcode,           // 5.2
  unmasked,                 // 5.1: from a client
  masked,                   // 5.1: from a server
  length_not_minimal,       // 5.2
  length_too_large,         // 5.2: its highest bit is set
  control_too_long,         // 5.5
  control_fragmented,       // 5.5
  unexpected_continuation,  // 5.4: of nothing
  unfinished_message,       // 5.4: another begins inside it
  not_utf8,                 // 8.1: a text, or the reason of a Close
  bad_close,                // 5.5.1, 7.4: half a code, or one that may not be sent
  after_close,              // 5.5.1: more than Pings and Pongs
  message_too_large,        // larger than a plugin is ready to let pass unseen
};
inline constexpr std::size_t kFrameRefusals = static_cast<std::size_t>(FrameRefusal::message_too_large) + 1;

// For metrics and records: "reserved_bit". Good for ever.
std::string_view name_of(FrameRefusal refusal);
// What its sender is told: 1002, 1007 or 1009 (RFC 6455, section 7.4.1).
unsigned close_code_of(FrameRefusal refusal);

}  // namespace hyalite

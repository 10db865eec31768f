// Why WebSocket frames are not passed on.
// SPDX-License-Identifier: MIT
#include "websocket/refusal.h"

#include <array>

namespace hyalite {

namespace {

constexpr std::array<std::string_view, kFrameRefusals> kNames = {
    "reserved_bit",     "unknown_opcode",          "unmasked",           "masked",   "length_not_minimal", "length_too_large", "control_too_long",
    "control_fragmented", "unexpected_continuation", "unfinished_message", "not_utf8", "bad_close",          "after_close",      "message_too_large",
};
static_assert(!kNames.back().empty(), "one name per FrameRefusal");

}  // namespace

std::string_view name_of(FrameRefusal refusal) { return kNames[static_cast<std::size_t>(refusal)]; }

unsigned close_code_of(FrameRefusal refusal) {
  switch (refusal) {
    case FrameRefusal::not_utf8: return 1007;
    case FrameRefusal::message_too_large: return 1009;
    default: return 1002;
  }
}

}  // namespace hyalite

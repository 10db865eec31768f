// One direction of a WebSocket connection, read as strictly as RFC 6455 says: bytes in, pieces of frames out.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>

#include "websocket/frame.h"
#include "websocket/utf8.h"

namespace hyalite {

struct FramePiece {
  enum class Kind {
    need_more,
    head,     // of a frame: see frame(). Its payload follows, if it has one
    payload,  // some of it
    end,      // of the frame
    refused,  // what follows is not read
  };
  Kind kind = Kind::need_more;
  Bytes raw;    // head, payload: as it came; lies in what was given, or in the reader until the next head that came in parts
  Bytes clear;  // payload: without its mask; good until the next call
  FrameRefusal refusal = FrameRefusal::unknown_opcode;
};

// Holds no more than one head and one Close.
class FrameReader {
 public:
  enum class From { client, server };
  explicit FrameReader(From from) : from_(from) {}

  // Takes the next piece off the front of `in`.
  FramePiece next(Bytes& in);
  // The one that is under way, from its head to its end.
  const FrameHead& frame() const { return frame_; }
  // What its message is: text or binary; of a control frame, itself.
  Opcode message() const { return is_control(frame_.opcode) ? frame_.opcode : message_; }
  // Nothing was begun: could the connection end here?
  bool between_messages() const { return !inside_frame_ && !inside_message_ && partial_.empty(); }
  // What was read of a head that is not whole.
  Bytes partial() const { return partial_; }

 private:
  FramePiece read_head(Bytes& in);
  FramePiece read_payload(Bytes& in);
  FramePiece finish_frame();
  std::optional<FrameRefusal> begin_frame();
  static FramePiece refuse(FrameRefusal refusal);

  const From from_;
  FrameHead frame_;
  Opcode message_ = Opcode::binary;
  bool inside_frame_ = false, inside_message_ = false, closed_ = false;
  std::uint64_t at_ = 0;  // of the payload
  Utf8Check text_;
  std::string close_;
  std::string partial_;
  std::string head_;  // one that came in parts
  std::array<char, 4096> clear_;
};

}  // namespace hyalite

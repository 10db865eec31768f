// One direction of a WebSocket connection.
// SPDX-License-Identifier: MIT
#include "websocket/frame_reader.h"

#include <algorithm>

namespace hyalite {

FramePiece FrameReader::refuse(FrameRefusal refusal) {
  FramePiece piece;
  piece.kind = FramePiece::Kind::refused;
  piece.refusal = refusal;
  return piece;
}

FramePiece FrameReader::next(Bytes& in) {
  if (!inside_frame_) return read_head(in);
  return at_ < frame_.length ? read_payload(in) : finish_frame();
}

FramePiece FrameReader::read_head(Bytes& in) {
  FrameHead head;
  const std::size_t had = partial_.size();
  if (had > 0) partial_ += in.substr(0, kMostFrameHead - had);
  const FrameHeadRead read = read_frame_head(had > 0 ? Bytes(partial_) : in, head);
  if (read.refusal) return refuse(*read.refusal);
  if (read.size == 0) {
    if (had == 0) partial_ = in;
    in = {};
    return {};
  }
  FramePiece piece;
  piece.kind = FramePiece::Kind::head;
  piece.raw = in.substr(0, read.size);
  if (had > 0) {
    piece.raw = head_.assign(partial_, 0, read.size);
    partial_.clear();
  }
  in.remove_prefix(read.size - had);
  frame_ = head;
  if (const auto refusal = begin_frame()) return refuse(*refusal);
  return piece;
}

std::optional<FrameRefusal> FrameReader::begin_frame() {
  if (from_ == From::client && !frame_.mask) return FrameRefusal::unmasked;
  if (from_ == From::server && frame_.mask) return FrameRefusal::masked;
  if (closed_ && frame_.opcode != Opcode::ping && frame_.opcode != Opcode::pong) return FrameRefusal::after_close;
  inside_frame_ = true;
  at_ = 0;
  close_.clear();
  if (is_control(frame_.opcode)) return std::nullopt;
  if (frame_.opcode == Opcode::continuation) {
    if (!inside_message_) return FrameRefusal::unexpected_continuation;
  } else {
    if (inside_message_) return FrameRefusal::unfinished_message;
    message_ = frame_.opcode;
    text_ = {};
  }
  inside_message_ = true;
  return std::nullopt;
}

FramePiece FrameReader::read_payload(Bytes& in) {
  if (in.empty()) return {};
  FramePiece piece;
  piece.kind = FramePiece::Kind::payload;
  piece.raw = in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(frame_.length - at_, clear_.size())));
  piece.clear = piece.raw;
  if (frame_.mask) {
    std::copy(piece.raw.begin(), piece.raw.end(), clear_.begin());
    mask_over(clear_.data(), piece.raw.size(), *frame_.mask, at_);
    piece.clear = {clear_.data(), piece.raw.size()};
  }
  at_ += piece.raw.size();
  in.remove_prefix(piece.raw.size());
  if (frame_.opcode == Opcode::close) close_ += piece.clear;
  if (message() == Opcode::text && !text_.feed(piece.clear)) return refuse(FrameRefusal::not_utf8);
  return piece;
}

FramePiece FrameReader::finish_frame() {
  inside_frame_ = false;
  if (frame_.opcode == Opcode::close) {
    closed_ = true;
    if (close_.size() == 1) return refuse(FrameRefusal::bad_close);
    if (!close_.empty()) {
      const unsigned code = static_cast<unsigned char>(close_[0]) * 256u + static_cast<unsigned char>(close_[1]);
      if (!may_be_sent(code)) return refuse(FrameRefusal::bad_close);
      Utf8Check reason;
      if (!reason.feed(Bytes(close_).substr(2)) || !reason.whole()) return refuse(FrameRefusal::not_utf8);
    }
  }
  if (!is_control(frame_.opcode) && frame_.final) {
    inside_message_ = false;
    if (message_ == Opcode::text && !text_.whole()) return refuse(FrameRefusal::not_utf8);
  }
  FramePiece piece;
  piece.kind = FramePiece::Kind::end;
  return piece;
}

}  // namespace hyalite

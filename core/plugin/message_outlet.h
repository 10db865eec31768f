// Where the frames of one direction leave: knows whether one is half-way there, so that others can be put in between.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "websocket/frame.h"

namespace hyalite {

class MessageOutlet {
 public:
  // `masks`: they go to a server.
  explicit MessageOutlet(bool masks) : masks_(masks) {}

  // What left before is forgotten.
  void begin() {
    output_.clear();
    owned_.clear();
  }
  std::span<const Bytes> output() const { return output_; }
  // Kept as long as the output.
  Bytes own(std::string bytes) { return owned_.emplace_back(std::move(bytes)); }

  void head(const FrameHead& frame, Bytes raw) {
    left_ = frame.length;
    if (!is_control(frame.opcode)) inside_message_ = !frame.final;
    closed_ |= frame.opcode == Opcode::close;
    pass(raw);
    let_in();
  }
  void payload(Bytes raw) {
    left_ -= raw.size();
    pass(raw);
    let_in();
  }
  void pass(Bytes raw) {
    if (!raw.empty()) output_.push_back(raw);
  }
  // A frame of somebody's own, when there is room for it.
  void put(Opcode opcode, Bytes payload) {
    waiting_.push_back({opcode, std::string(payload)});
    waiting_bytes_ += payload.size();
    let_in();
  }
  // The same, apart from the output: what of it (and of those that waited) leaves now.
  std::string put_apart(Opcode opcode, Bytes payload) {
    const std::size_t before = output_.size(), owned = owned_.size();
    put(opcode, payload);
    std::string leaves;
    for (std::size_t i = before; i < output_.size(); ++i) leaves += output_[i];
    output_.resize(before);
    owned_.resize(owned);
    return leaves;
  }
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  bool inside_frame() const { return left_ > 0; }
  bool closed() const { return closed_; }
  // Such a head, with a mask where one is needed.
  FrameHead head_for(Opcode opcode, std::size_t length) const {
    FrameHead head{opcode, true, length, std::nullopt};
    if (masks_) head.mask = fresh_mask();
    return head;
  }

 private:
  struct Waiting {
    Opcode opcode;
    std::string payload;
  };
  // Control frames go between frames, messages between messages.
  void let_in() {
    while (!waiting_.empty() && left_ == 0) {
      const Waiting& next = waiting_.front();
      if (inside_message_ && !is_control(next.opcode)) return;
      waiting_bytes_ -= next.payload.size();
      if (!closed_) pass(own(written(head_for(next.opcode, next.payload.size()), next.payload)));
      waiting_.pop_front();
    }
  }

  const bool masks_;
  std::vector<Bytes> output_;
  std::deque<std::string> owned_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the frame that is under way
  bool inside_message_ = false, closed_ = false;
};

}  // namespace hyalite

// Inside a message pipe: one link for each plugin that wants to see messages.
// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "plugin/chain.h"
#include "plugin/message_outlet.h"
#include "plugin/message_pipe.h"
#include "plugin/subject.h"
#include "websocket/frame_reader.h"

namespace hyalite {

// What a link collects: a message, or a frame.
struct MessageUnit {
  struct Frame {
    FrameHead head;
    std::size_t raw_head = 0, raw_payload = 0;  // bytes of `raw`
  };

  Opcode opcode = Opcode::binary;
  bool final = true;
  std::uint32_t frames = 0;
  std::uint64_t length = 0;
  std::string payload;  // as much as is to be shown
  // Only where it is held:
  std::string raw;
  std::vector<Frame> held;
  bool passing = false;  // it was too large: the rest of it passes unseen
};

// One plugin's part of a pipe.
struct MessageLink {
  Instance* instance = nullptr;
  std::uint32_t index = 0;
  MessageOptions* wish = nullptr;  // in the flow: the plugin may end it
  std::uint32_t mode = HYALITE_WS_NONE;
  MessageUnit message, control;  // control frames may come between those of a message
};

// Frames go through the links as events: its head, its payload in pieces, its end. A link that holds a message gives its
// events on when it is whole and its plugin has seen it.
class MessagePipe::Works {
 public:
  Works(Chain& chain, FlowSubject& flow, Direction direction, std::vector<MessageLink> links);
  ~Works();
  Works(const Works&) = delete;
  Works& operator=(const Works&) = delete;

  MessageStep feed(Bytes bytes);
  MessageStep finish();
  MessageStep resume();
  MessageStep release();
  std::vector<Injection> take_injections() { return std::exchange(injections_, {}); }
  std::string inject(const Injection& injection);
  std::optional<std::string> close(unsigned code, Bytes reason);
  void pair_with(const Works& other) { other_ = &other; }

 private:
  enum class State { going, paused, decided, refused, released };
  enum class Asking { first, again };

  void read(Bytes bytes);
  MessageStep step();
  void refuse(FrameRefusal refusal);
  void leave(Bytes raw);
  void head(std::size_t at, const FrameHead& frame, Bytes raw);
  void payload(std::size_t at, const FrameHead& frame, Bytes raw, Bytes clear);
  void end(std::size_t at, const FrameHead& frame);
  static MessageUnit& unit_of(MessageLink& link, const FrameHead& frame) { return is_control(frame.opcode) ? link.control : link.message; }
  void overflow(std::size_t at, MessageUnit& unit);
  void turn_off(std::size_t at);
  void give_on(std::size_t at, MessageUnit& unit);
  void give_on_edited(std::size_t at, MessageUnit& unit, std::string payload);
  void ask(std::size_t at, MessageUnit& unit, Asking asking);
  Answer put(const MessageLink& link, const MessageUnit& unit, MessageEdit& edit, Asking asking, hyalite_verdict& verdict);
  void carry_out(std::size_t at, MessageUnit& unit, MessageEdit& edit);
  // Bytes of plugins' own messages that have not gone yet.
  std::size_t waiting(Direction direction) const;
  bool is_off(const MessageLink& link) const;
  WaitingPlace place() const { return {&flow_.standstills, lane_of(Hook::ws_message, direction_)}; }
  std::size_t held() const;
  void account();

  Chain& chain_;
  FlowSubject& flow_;
  const Direction direction_;
  const Works* other_ = nullptr;  // of the other direction
  std::vector<MessageLink> links_;
  FrameReader reader_;
  MessageOutlet outlet_;
  State state_ = State::going;
  FrameRefusal refusal_ = FrameRefusal::unknown_opcode;
  std::string rest_;              // what was not read yet when a plugin paused or decided
  Bytes passing_;                 // once it is released: what was fed
  std::size_t paused_at_ = 0;     // the link whose plugin waits ...
  MessageUnit* paused_ = nullptr;  // ... and what it was asked about
  std::vector<Injection> injections_;  // in the other direction
  std::size_t accounted_ = 0;  // held bytes that the worker's sum knows of
};

}  // namespace hyalite

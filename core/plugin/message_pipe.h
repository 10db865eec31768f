// The way of a WebSocket's messages, in one direction, through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "plugin/message_edit.h"
#include "websocket/refusal.h"

namespace hyalite {

class Chain;

struct MessageStep {
  enum class Kind {
    forward,
    paused,     // a plugin waits: feed no more until resume() has said something else
    decided,    // a plugin decided: see the flow's decision(). With PassThrough release() both pipes
    refused,    // the frames break the rules: see `refusal`. The pipe is done
    cut_short,  // they ended inside of something that is held, and never will be sent
  };
  Kind kind = Kind::forward;
  // In order, and to be sent whatever the kind is; good until the next call, and as long as what was fed.
  std::span<const Bytes> output;
  FrameRefusal refusal = FrameRefusal::unknown_opcode;
};

// One per direction; made by the chain (Chain::messages). Reads every frame strictly, whoever wants to see them; what nobody
// edits leaves as it came. Holds only whole messages, for those who may edit them, and within the limits.
class MessagePipe {
 public:
  MessagePipe(MessagePipe&&) noexcept;
  MessagePipe& operator=(MessagePipe&&) noexcept;
  ~MessagePipe();

  // All of it is taken.
  MessageStep feed(Bytes bytes);
  // That side sends nothing more.
  MessageStep finish();
  // After a step that said paused, once the flow's pause in this direction is ready.
  MessageStep resume();
  // Gives out all that is held, unseen, after what the last step gave; from here on everything passes.
  MessageStep release();
  // What plugins want sent in the other direction, since it was asked last.
  std::vector<Injection> take_injections();
  // What may be sent now: it, or nothing while a message is half-way there.
  std::string inject(const Injection& injection);
  // The pipe of the other direction, which lives as long: so that a plugin learns what waits there already.
  void pair_with(MessagePipe& other);
  // A Close in our own name: the bytes (none, when there was one already); nothing when a frame is half-way there.
  std::optional<std::string> close(unsigned code, Bytes reason);

 private:
  friend class Chain;
  class Works;
  explicit MessagePipe(std::unique_ptr<Works> works);
  std::unique_ptr<Works> works_;
};

}  // namespace hyalite

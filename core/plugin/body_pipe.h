// The way of a body (or of one direction of a tunnel) through the plugins that want to see it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "plugin/decision.h"
#include "plugin/hook.h"

namespace hyalite {

class Chain;
class ExchangeSubject;
class FlowSubject;

// What the pipe needs of whoever forwards; the strongest wish of all plugins. In rising order.
enum class BodyNeed {
  none,    // nothing: do not feed it, forward as you like
  tap,     // feed it; the output is what was fed, so what came may be forwarded as it came, framing
           // and all
  edit,    // forward the output; altogether as many bytes as were fed, so an announced length stays
           // true
  resize,  // forward the output; its length is not known beforehand
  hold,    // hold the head back, too, until a step says forward
};

struct BodyStep {
  enum class Kind {
    forward,  // `output` may go on its way (and the head before it, if it was held)
    hold,     // nothing yet: the head stays
    decided,  // a plugin decided: see the subject's decision(); the pipe is done. What is held is
              // not sent, unless the decision is PassThrough: then `output` goes on its way, and
              // that of release() of the other direction's pipe
    paused,  // a plugin waits: feed no more until resume() has said something else
  };
  Kind kind = Kind::forward;
  // In order; good until the next feed and as long as what was fed. For tap and edit some pieces
  // lie in what was fed.
  std::span<const Bytes> output;
  std::size_t size = 0;  // of all output together
  bool untouched = false;  // what is forwarded is what was fed since the head was held, though its coding was undone to look
                           // at it: forward that instead
  bool end = false;  // nothing follows: with the first forward after a hold, `size` is the whole
                     // body's length
};

// One per message and direction; made by the chain after the head's hooks (Chain::body), or for a
// tunnel (Chain::stream). Feed only content: framing is not the pipe's. Never holds more than the
// limit the chain was made with.
class BodyPipe {
 public:
  BodyPipe();  // needs nothing
  BodyPipe(BodyPipe&&) noexcept;
  BodyPipe& operator=(BodyPipe&&) noexcept;
  ~BodyPipe();

  // May fall while the body passes, when plugins lower their interest. Choose the framing by what
  // it is when the head goes: after the first step that forwards when it was hold, else before.
  BodyNeed need() const;
  // Is a content coding undone on the way? Then feed it little at a time: much may come of it.
  bool decodes() const;
  // Does the output leave without the content coding with which it came (unless a step says untouched)?
  bool recodes() const;
  // Gives it content in the order it came; `end` with or after the last of it, once. Not after
  // `decided` or `end`.
  BodyStep feed(std::span<const Bytes> content, bool end);
  BodyStep feed(Bytes content, bool end);
  // After a step that said paused, once the subject's pause in this direction is ready: what comes of it.
  BodyStep resume();
  // The flow passes through from here on: gives out what is held, unseen. The pipe is done.
  BodyStep release();
  // Bytes it holds now.
  std::size_t held() const;
  // Bytes that are kept only because the last step's output may lie in them.
  std::size_t lends() const;
  // Nobody looks at that output any more: they go now, and not with the next feed.
  void forget_output();
  // Whoever forwards holds bytes of this body, too: framing, and what waits behind the pipe. Is there room for so many, beside
  // all that is held in this worker?
  bool has_room_besides(std::size_t bytes) const;
  // So many they are now. They are counted with what is held here.
  void count_besides(std::size_t bytes);
  // What came is not held any more, and cannot be forwarded in place of the output: no step says untouched from here on.
  void forget_original();

 private:
  friend class Chain;
  class Works;
  explicit BodyPipe(std::unique_ptr<Works> works);
  std::unique_ptr<Works> works_;
  Bytes single_;  // what feed(Bytes) was given
};

}  // namespace hyalite

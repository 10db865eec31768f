// Inside a body pipe: one link for each plugin that wants to see the bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "plugin/body_pipe.h"
#include "plugin/chain.h"
#include "plugin/subject.h"
#include "plugin/window.h"

namespace hyalite {

// One plugin's part of a pipe.
struct BodyLink {
  enum class Phase { off, tapping, streaming, collecting };

  Instance* instance = nullptr;
  std::uint32_t index = 0;
  BodyOptions* wish = nullptr;  // in the subject: the plugin may lower it while bytes pass
  Phase phase = Phase::off;
  std::uint64_t offset = 0;   // of the next window's first byte
  Buffer held;                // collecting: all so far; streaming: what was kept
  std::vector<Buffer> spent;  // earlier contents of `held`, which the output still shows
  Output output;
};

class BodyPipe::Works {
 public:
  // `exchange`: null for the raw bytes of a flow.
  Works(Chain& chain, FlowSubject& flow, ExchangeSubject* exchange, Direction direction,
        std::vector<BodyLink> links);
  ~Works();
  Works(const Works&) = delete;
  Works& operator=(const Works&) = delete;

  BodyNeed need() const;
  BodyStep feed(std::span<const Bytes> content, bool end);
  BodyStep release();
  std::size_t held() const;

 private:
  enum class Flow { forward, hold, decided };

  BodyStep run(std::span<const Bytes> content, bool end);
  BodyStep let_pass(std::size_t decider);
  Flow through(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow collect(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow overflow(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow degrade(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow reject(BodyLink& link);
  Flow call(BodyLink& link, std::span<const Bytes> in, std::uint32_t flags);
  Answer ask(BodyLink& link, Window& window, std::uint32_t flags, std::uint64_t retained,
             hyalite_verdict& verdict);
  void settle(BodyLink& link);
  void flush(BodyLink& link, std::span<const Bytes> in);
  bool may_resize(const BodyLink& link) const;
  bool has_room(std::size_t more) const;
  bool is_left_out(const BodyLink& link) const;
  Hook hook() const;
  void account();

  Chain& chain_;
  FlowSubject& flow_;
  ExchangeSubject* exchange_;
  const Direction direction_;
  std::vector<BodyLink> links_;
  std::vector<Bytes> output_;
  bool resized_ =
      false;  // some plugin had the chance to change the size: an announced length no longer holds
  std::size_t accounted_ = 0;  // held bytes that the worker's sum knows of
};

}  // namespace hyalite

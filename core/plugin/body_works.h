// Inside a body pipe: one link for each plugin that wants to see the bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "coding/decoder.h"
#include "plugin/body_pipe.h"
#include "plugin/chain.h"
#include "plugin/subject.h"
#include "plugin/window.h"

namespace hyalite {

std::size_t total_of(std::span<const Bytes> pieces);

// One plugin's part of a pipe.
struct BodyLink {
  enum class Phase { off, tapping, streaming, collecting };
  // As its plugin wishes: a mode of body.h.
  static Phase phase_of(std::uint32_t mode);

  // What its plugin was shown when it let that wait, and what has followed.
  struct Waiting {
    std::uint32_t flags = 0;  // of the window
    std::uint64_t retained = 0;
    Buffer window;
    Buffer rest;
    bool rest_ends = false;
  };

  Instance* instance = nullptr;
  std::uint32_t index = 0;
  BodyOptions* wish = nullptr;  // in the subject: the plugin may lower it while bytes pass
  Phase phase = Phase::off;
  std::uint64_t offset = 0;   // of the next window's first byte
  Buffer held;                // collecting: all so far; streaming: what was kept
  std::optional<Waiting> waiting;  // then nothing is held
  std::vector<Buffer> spent;  // earlier contents of what was held, which the output still shows
  Output output;

  bool peeks = false;                // collecting: only the beginning
  std::unique_ptr<Decoder> decoder;  // undoes the coding here ...
  bool only_shows = false;           // ... for this plugin alone: what came is passed on
  bool shown_decoded = false;        // here, or by a link before
  Buffer decoded;                    // of this feed

  std::size_t holds() const;
  std::size_t lends() const;
  // Until the next feed.
  Bytes lend(Buffer bytes);
  void pass_held();
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
  bool decodes() const;
  bool recodes() const { return recodes_; }
  // Once, before the first feed.
  void undo(Coding coding);
  BodyStep feed(std::span<const Bytes> content, bool end);
  BodyStep resume();
  BodyStep release();
  std::size_t held() const;
  std::size_t lends() const;
  void forget_output() { begin(); }
  bool has_room_besides(std::size_t bytes) const;
  void count_besides(std::size_t bytes);
  void forget_original() { touched_ = true; }

 private:
  // One plugin is shown bytes (body_judgement.h).
  class Judgement;
  enum class Flow { forward, hold, decided, paused };
  // What came of showing it.
  struct Judged {
    Flow flow = Flow::forward;
    bool edited = false;
    bool of_whole = false;  // of a body that was collected for it
  };
  // Where it stands still while a plugin waits.
  struct Standing {
    std::size_t at = 0;  // of the link
    bool ends = false;   // what was fed then was the last
  };

  BodyStep run(std::size_t at, Flow flow, bool end);
  BodyStep settled(const BodyStep& step);
  void begin();
  BodyStep let_pass(std::size_t decider);
  Flow enter(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow show_decoded(BodyLink& link, std::span<const Bytes> in, bool end);
  Decoded decode(BodyLink& link, std::span<const Bytes> in, bool end);
  bool leaves_as_it_came();
  Flow through(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow collect(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow overflow(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow degrade(BodyLink& link, std::span<const Bytes> in, bool end);
  Flow reject(BodyLink& link);
  Flow refuse(BodyLink& link, unsigned request_status, std::string_view page, std::string reason);
  Flow call(BodyLink& link, std::span<const Bytes> in, std::uint32_t flags);
  Flow go_on(BodyLink& link);
  Flow heard(const Judged& judged);
  WaitingPlace place() const;
  void flush(BodyLink& link, std::span<const Bytes> in);
  bool may_resize(const BodyLink& link) const;
  bool has_room(std::size_t more) const;
  std::size_t windows() const;
  std::uint64_t all_held(std::size_t besides) const;
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
  bool recodes_ = false;       // a link undoes the coding for all behind it
  bool held_first_ = false;    // nothing was forwarded yet, and the head was held
  bool touched_ = false;       // a plugin changed something, or what came is gone
  std::optional<Standing> standing_;
  std::size_t besides_ = 0;    // bytes that whoever forwards holds
  std::size_t accounted_ = 0;  // held bytes that the worker's sum knows of
};

}  // namespace hyalite

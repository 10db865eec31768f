// One message's body on its way from one leg to the other: cut into content and framing, shown to plugins, framed again.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "http/body.h"
#include "plugin/body_pipe.h"

namespace hyalite {

// How the body leaves.
enum class Wire {
  as_came,      // the very bytes that came
  in_place,     // other content of the same length between the framing that came
  length,       // whole, with the Content-Length that it has now
  chunked,      // in chunks of ours
  until_close,  // ended by the end of the connection: a response to HTTP/1.0
};

// Asked once, when a body whose framing has room for trailers ends.
class TrailersHook {
 public:
  enum class Said { unchanged, changed, decided, paused };
  // `lines`: the trailer section as it came, perhaps empty; when changed, as it is to leave.
  virtual Said on_trailers(std::string& lines) = 0;
  // After `paused`: what came of it.
  virtual Said on_resumed(std::string& lines) = 0;

 protected:
  ~TrailersHook() = default;
};

// Holds back nothing but what plugins hold back, and of that what is more than may leave at once. Does no I/O: bytes in, bytes to
// send out.
class Relay {
 public:
  struct Step {
    enum class Kind {
      going,     // more is to come
      complete,  // the message ended, and output() is the last of it
      refused,   // nothing of this input may go on; the message is over
      decided,   // a plugin decided: see the exchange's decision
      paused,    // a plugin waits: nothing may be fed until resume() says something else
    };
    Kind kind = Kind::going;
    std::size_t taken = 0;  // bytes of the input
    Refusal refusal{};      // when refused
  };

  // A message without a body.
  Relay() = default;
  // `resized`: how a body leaves whose length plugins may change: Wire::chunked, Wire::until_close, or Wire::length where there
  // is nothing else: then it is held until its end, at most `most_whole` bytes of it. Of what was held `most_at_once` bytes leave
  // at once. `trailers`: null where no plugin wants to see them; outlives the relay.
  Relay(const Framing& framing, const BodyLimits& limits, BodyPipe pipe, Wire resized, std::size_t most_whole,
        std::size_t most_at_once, TrailersHook* trailers);

  // Takes the place of the one there was, whose memory is kept.
  void become(Relay&& fresh);
  // A message without a body again.
  void forget() {
    if (used_) become(Relay());
  }

  // Nothing of it goes on, and nothing is fed any more: what it holds goes, what was counted of it stays.
  void drop();

  // Takes what can be told from `input`, the bytes not taken before and more; where plugins look, not too much at once: what is
  // left may be fed at once.
  Step feed(Bytes input);
  // The input ended with `rest` not taken.
  Step finish(Bytes rest);

  // So much content may go on as it comes, seen by nobody; 0: none of it.
  std::uint64_t passes_unseen() const { return piped_ || chunked_ || complete_ ? 0 : reader_.content_ahead(); }
  // So much did.
  Step passed(std::uint64_t bytes);

  // After a step that said paused, when the pause is ready.
  Step resume();
  bool paused() const { return waits_for_ != WaitsFor::nothing; }

  // To be sent, in order; lent until the next feed, and as long as the input of the last one.
  std::span<const Bytes> output() const { return output_; }
  // More is to leave behind output(), and counts as held until then. Nothing may be fed before go_on() has given out all of it.
  bool has_more() const { return left() > 0; }
  // All of it came, and some is still to leave.
  bool only_leaves() const { return complete_ && !paused() && has_more(); }
  // Bytes that are still to leave.
  std::size_t left() const { return leaving_.size() - shown_; }
  // Once there is room: output() is what leaves next.
  Step go_on();
  // There is no room yet for output(): it is held, and comes first.
  void hold_output();
  // May the head go? Not while plugins want the whole body first. Once true it stays true.
  bool head_may_go() const { return !holding_; }
  // How the body leaves; final once head_may_go().
  Wire wire() const { return wire_; }
  // Does it leave without the content coding with which it came? Final once head_may_go().
  bool recoded() const { return recodes_ && wire_ != Wire::as_came; }
  // With Wire::length.
  std::uint64_t length() const { return length_; }

  bool complete() const { return complete_ && !paused() && !has_more(); }
  std::uint64_t content_in() const { return reader_.content_bytes(); }
  // That left; of chunks that are still to leave the framing is taken for content.
  std::uint64_t content_out() const { return content_out_ - std::min<std::uint64_t>(content_out_, left()); }

 private:
  struct Late {  // framing that must wait until the content before it has left
    std::uint64_t after;
    std::string bytes;
    // Memory, with its place in the list.
    std::size_t costs() const { return sizeof(Late) + 2 * sizeof(void*) + bytes.size(); }
  };

  Step cut(Bytes input);
  // What a plugin that waits is asked about.
  enum class WaitsFor { nothing, body, trailers };

  // Where content is in held_.
  struct Place {
    std::size_t at, size;
  };

  Step pass_on(Bytes raw, std::size_t taken, bool end);
  Step heard(Bytes raw, BodyStep said, std::size_t taken, bool end);
  Step leave(Bytes raw, const BodyStep& said, std::size_t taken, bool end);
  Step wait_for_trailers(Bytes raw, const BodyStep& said, std::size_t taken);
  bool is_held_whole() const { return holding_ && resized_ == Wire::length; }
  BodyStep whole();
  TrailersHook::Said ask_about_trailers();
  void begin();
  void put_out(Bytes raw, const BodyStep& step, bool end);
  void keep_back(Bytes raw);
  void show(std::size_t most);
  void let_go(const BodyStep& step, bool end);
  bool unchanged(const BodyStep& step) const;
  std::size_t held_content() const;
  void hold(Bytes raw);
  std::size_t made() const { return whole_.size() + waiting_raw_.size() + waiting_content_.size(); }
  std::size_t framing() const;
  void count() { pipe_.count_besides(made() + framing() + (has_more() ? leaving_.size() : 0)); }
  bool is_framing_affordable() const;
  void afford();
  void note_framing(Bytes raw);
  void put_in_place(const BodyStep& step, bool end);
  void chunk_anew();
  void put_until_chunk_ends(const BodyStep& step, bool end);
  void put_chunked(const BodyStep& step, bool end);
  void put(Bytes bytes) {
    if (!bytes.empty()) output_.push_back(bytes);
  }

  BodyReader reader_;
  BodyPipe pipe_;
  TrailersHook* trailers_hook_ = nullptr;
  Wire resized_ = Wire::chunked;
  Wire wire_ = Wire::as_came;
  bool used_ = false;     // it is of a body
  bool chunked_ = false;  // it came so
  bool piped_ = false;    // plugins want to see it
  bool recodes_ = false;  // plugins see, and let leave, what is without its content coding
  bool holding_ = false;  // and all of it before the head goes
  bool complete_ = true;
  std::size_t most_whole_ = 0;
  std::size_t most_at_once_ = 0;
  std::size_t most_decoded_ = 0;  // bytes of input at once, where a content coding is undone
  std::uint64_t length_ = 0;
  std::uint64_t content_out_ = 0;

  std::vector<Bytes> contents_;  // of this input
  std::vector<Bytes> output_;
  std::list<std::string> owned_;        // what output_ points to, where it is ours
  Buffer leaving_;                      // what is more than may leave at once, in order; output_ shows its front ...
  std::size_t shown_ = 0;               // ... so many bytes of it
  Buffer held_;                         // while holding: the body as it came, unless that was given up
  std::vector<Place> held_contents_;
  bool original_gone_ = false;          // it was given up
  Buffer whole_;                        // while held whole: what plugins made of it
  Bytes whole_bytes_;
  std::list<Late> late_;                // in_place only
  std::size_t late_costs_ = 0;          // all of it
  bool chunks_anew_ = false;            // behind the chunk that is open: its end is the last framing that came
  WaitsFor waits_for_ = WaitsFor::nothing;
  bool untouched_ = false;
  Buffer waiting_raw_, waiting_content_;  // while a plugin waits in the trailers' hook
  std::string trailers_;                // the trailer lines, as they came or as they are to leave
};

}  // namespace hyalite

// Inside a body pipe: one plugin is shown bytes, for the first time or again after it let them wait.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/body_works.h"

namespace hyalite {

class BodyPipe::Works::Judgement {
 public:
  // Of one call. Both are lent.
  Judgement(Works& works, BodyLink& link) : works_(works), chain_(works.chain_), link_(link) {}

  // What is held, and these bytes. When its plugin pauses, the link waits.
  Judged first(std::span<const Bytes> in, std::uint32_t flags);
  // The window that it let wait; again when it pauses once more.
  Judged again(BodyLink::Waiting& waited);

 private:
  // How it is asked: a hook, or its resume hook.
  enum class Asking { first, again };
  Judged show(std::vector<hyalite_bytes> segments, Asking asking, BodyLink::Waiting& shown);
  Judged settle(Window& window, bool passes, hyalite_verdict verdict);
  bool resized_without_leave(const Window& window, std::size_t before) const;
  Answer ask(Window& window, const hyalite_window_view& view, Asking asking, hyalite_verdict& verdict);
  hyalite_verdict put(const Instance& instance, void* state, Window& window, const hyalite_window_view& view);
  bool passes_through(Answer answer) const;
  bool fell_out(hyalite_verdict verdict) const;
  void follow_wish();

  Works& works_;
  Chain& chain_;
  BodyLink& link_;
};

}  // namespace hyalite

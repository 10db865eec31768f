// One message's body on its way from one leg to the other.
// SPDX-License-Identifier: MIT
#include "flow/relay.h"

#include <algorithm>

#include "http/writer.h"

namespace hyalite {

Relay::Relay(const Framing& framing, const BodyLimits& limits, BodyPipe pipe, Wire resized, std::size_t most_whole,
             TrailersHook* trailers)
    : reader_(framing, limits),
      pipe_(std::move(pipe)),
      trailers_hook_(trailers),
      resized_(resized),
      chunked_(framing.kind == Framing::Kind::chunked),
      complete_(!framing.has_body()),
      most_whole_(most_whole) {
  const BodyNeed need = complete_ ? BodyNeed::none : pipe_.need();
  piped_ = need != BodyNeed::none || (trailers_hook_ && chunked_);
  holding_ = need == BodyNeed::hold || (need == BodyNeed::resize && resized_ == Wire::length);
  if (need == BodyNeed::edit) wire_ = Wire::in_place;
  if (need == BodyNeed::resize) wire_ = resized_;
}

Relay::Step Relay::feed(Bytes input) {
  output_.clear();
  owned_.clear();
  return cut(input);
}

// Bodies that last until the close end here; every other body that is not complete was cut short.
Relay::Step Relay::finish(Bytes rest) {
  output_.clear();
  owned_.clear();
  if (complete_) return {Step::Kind::complete};
  if (const auto truncated = reader_.finish(rest)) return {Step::Kind::refused, 0, *truncated};
  pieces_.clear();
  contents_.clear();
  return pass_on({}, 0, true);
}

Relay::Step Relay::cut(Bytes input) {
  pieces_.clear();
  contents_.clear();
  std::size_t at = 0;
  std::size_t tail = 0;  // trailers and the line behind them, which plugins may change
  for (;;) {
    const Piece piece = reader_.next(input.substr(at));
    at += piece.raw.size();
    switch (piece.kind) {
      case Piece::Kind::need_more: return pass_on(input.substr(0, at), at, false);
      case Piece::Kind::refused: return {Step::Kind::refused, at, piece.refusal};
      case Piece::Kind::content:
        contents_.push_back(piece.raw);
        pieces_.push_back(piece);
        break;
      case Piece::Kind::framing:
        if (piped_) pieces_.push_back(piece);
        break;
      case Piece::Kind::trailers:
        if (piped_) trailers_.append(piece.raw);
        tail += piece.raw.size();
        break;
      case Piece::Kind::end:
        tail += piece.raw.size();
        return pass_on(input.substr(0, piped_ ? at - tail : at), at, true);
    }
  }
}

// `raw`: what came, without the trailers where plugins may see them.
Relay::Step Relay::pass_on(Bytes raw, std::size_t taken, bool end) {
  const Step step{end ? Step::Kind::complete : Step::Kind::going, taken};
  complete_ = end;
  if (!piped_) {
    for (Bytes content : contents_) content_out_ += content.size();
    put(raw);
    return step;
  }
  if (holding_) {
    for (Bytes content : contents_) {
      held_contents_.emplace_back(held_.size() + static_cast<std::size_t>(content.data() - raw.data()), content.size());
    }
    held_.append(raw);
  }
  BodyStep said;
  if (pipe_.need() == BodyNeed::none) {
    said.output = contents_;
    for (Bytes content : contents_) said.size += content.size();
    said.end = end;
  } else if (!contents_.empty() || end) {
    said = pipe_.feed(contents_, end);
  }
  if (said.kind == BodyStep::Kind::decided) return {Step::Kind::decided, taken};
  if (said.kind == BodyStep::Kind::hold) return {Step::Kind::going, taken};
  if (is_held_whole()) {
    for (Bytes piece : said.output) whole_.append(piece);
    if (whole_.size() > most_whole_) return {Step::Kind::refused, taken, Refusal::content_too_large};
    if (!end) return step;
    said = whole();
  }
  if (end && !ask_about_trailers()) return {Step::Kind::decided, taken};
  content_out_ += said.size;
  put_out(raw, said, end);
  return step;
}

BodyStep Relay::whole() {
  whole_bytes_ = whole_.bytes();
  BodyStep step;
  step.output = {&whole_bytes_, 1};
  step.size = whole_bytes_.size();
  step.end = true;
  return step;
}

// False when a plugin decided.
bool Relay::ask_about_trailers() {
  if (!trailers_hook_ || !(chunked_ || wire_ == Wire::chunked)) return true;
  switch (trailers_hook_->on_trailers(trailers_)) {
    case TrailersHook::Said::unchanged:
    case TrailersHook::Said::changed: return true;
    case TrailersHook::Said::decided: break;
  }
  return false;
}

void Relay::put_out(Bytes raw, const BodyStep& step, bool end) {
  if (holding_) {
    // A held body with nothing fed yet waits on.
    if (step.size == 0 && !end && contents_.empty()) return;
    return let_go(step, end);
  }
  switch (wire_) {
    case Wire::as_came: put(raw); break;
    case Wire::in_place: put_in_place(step.output); break;
    case Wire::chunked: return put_chunked(step, end);
    case Wire::length:
    case Wire::until_close:
      for (Bytes piece : step.output) put(piece);
      return;
  }
  if (end && chunked_) put(owned_.emplace_back(trailers_ + "\r\n"));
}

// Plugins have seen enough: the head may go, framed by what they made of the body.
void Relay::let_go(const BodyStep& step, bool end) {
  holding_ = false;
  const BodyNeed need = pipe_.need();
  if (unchanged(step) && (end || need == BodyNeed::none || need == BodyNeed::tap)) {
    wire_ = Wire::as_came;
    put(owned_.emplace_back(held_.bytes()));
    if (end && chunked_) put(owned_.emplace_back(trailers_ + "\r\n"));
  } else if (end && trailers_.empty()) {
    wire_ = Wire::length;
    length_ = step.size;
    for (Bytes piece : step.output) put(piece);
  } else if (resized_ == Wire::chunked) {
    wire_ = Wire::chunked;
    put_chunked(step, end);
  } else {
    wire_ = resized_;
    for (Bytes piece : step.output) put(piece);
  }
  held_.clear();
  held_contents_.clear();
}

bool Relay::unchanged(const BodyStep& step) const {
  const Bytes held = held_.bytes();
  std::size_t index = 0, offset = 0;  // in held_contents_
  for (Bytes piece : step.output) {
    while (!piece.empty()) {
      if (index == held_contents_.size()) return false;
      const auto& [at, size] = held_contents_[index];
      const std::size_t n = std::min(piece.size(), size - offset);
      if (piece.substr(0, n) != held.substr(at + offset, n)) return false;
      piece.remove_prefix(n);
      offset += n;
      if (offset == size) ++index, offset = 0;
    }
  }
  return index == held_contents_.size();
}

// Content fills the places between the framing in the order it came; plugins may be late with some of it.
void Relay::put_in_place(std::span<const Bytes> content) {
  std::uint64_t came = content_in();
  for (Bytes piece : contents_) came -= piece.size();
  for (const Piece& piece : pieces_) {
    if (piece.kind == Piece::Kind::content) {
      came += piece.raw.size();
    } else {
      late_.push_back({came, std::string(piece.raw)});
    }
  }
  std::uint64_t left = content_out_;
  for (Bytes piece : content) left -= piece.size();
  const auto framing_due = [&] {
    while (!late_.empty() && late_.front().after == left) {
      put(owned_.emplace_back(std::move(late_.front().bytes)));
      late_.pop_front();
    }
  };
  framing_due();
  for (Bytes piece : content) {
    while (!piece.empty()) {
      const std::uint64_t room = late_.empty() ? piece.size() : late_.front().after - left;
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(room, piece.size()));
      put(piece.substr(0, n));
      piece.remove_prefix(n);
      left += n;
      framing_due();
    }
  }
}

void Relay::put_chunked(const BodyStep& step, bool end) {
  if (step.size > 0) {
    Buffer head;
    open_chunk(step.size, head);
    put(owned_.emplace_back(head.bytes()));
    for (Bytes piece : step.output) put(piece);
    put(kCloseChunk);
  }
  if (end) put(owned_.emplace_back("0\r\n" + trailers_ + "\r\n"));
}

}  // namespace hyalite

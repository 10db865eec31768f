// One message's body on its way from one leg to the other.
// SPDX-License-Identifier: MIT
#include "flow/relay.h"

#include "http/writer.h"

namespace hyalite {

Relay::Relay(const Framing& framing, const BodyLimits& limits, BodyPipe pipe, Wire resized)
    : reader_(framing, limits), pipe_(std::move(pipe)), resized_(resized), complete_(!framing.has_body()) {
  const BodyNeed need = complete_ ? BodyNeed::none : pipe_.need();
  piped_ = need != BodyNeed::none;
  holding_ = need == BodyNeed::hold;
  if (need == BodyNeed::edit) wire_ = Wire::in_place;
  if (need == BodyNeed::resize) wire_ = resized_;
}

Relay::Step Relay::feed(Bytes input) {
  output_.clear();
  owned_.clear();
  return cut(input);
}

// Until_close bodies end here; every other body that is not complete was cut short.
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
  for (;;) {
    const Piece piece = reader_.next(input.substr(at));
    if (piece.kind == Piece::Kind::need_more) return pass_on(input, at, false);
    if (piece.kind == Piece::Kind::refused) return {Step::Kind::refused, at, piece.refusal};
    at += piece.raw.size();
    if (piece.kind == Piece::Kind::content) contents_.push_back(piece.raw);
    if (piped_) pieces_.push_back(piece);
    if (piped_ && piece.kind == Piece::Kind::trailers) trailers_.append(piece.raw);
    if (piece.kind == Piece::Kind::end) return pass_on(input, at, true);
  }
}

Relay::Step Relay::pass_on(Bytes input, std::size_t taken, bool end) {
  const Step step{end ? Step::Kind::complete : Step::Kind::going, taken};
  const Bytes raw = input.substr(0, taken);
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
  if (contents_.empty() && !end) {
    if (wire_ == Wire::as_came && !holding_) put(raw);
    if (wire_ == Wire::in_place) put_in_place({});
    return step;
  }
  const BodyStep said = pipe_.feed(contents_, end);
  if (said.kind == BodyStep::Kind::decided) return {Step::Kind::decided, taken};
  if (said.kind == BodyStep::Kind::hold) return {Step::Kind::going, taken};
  content_out_ += said.size;
  if (holding_) {
    let_go(said, end);
    return step;
  }
  switch (wire_) {
    case Wire::as_came: put(raw); break;
    case Wire::in_place: put_in_place(said.output); break;
    case Wire::chunked: put_chunked(said, end); break;
    case Wire::length:
    case Wire::until_close:
      for (Bytes piece : said.output) put(piece);
      break;
  }
  return step;
}

// Plugins have seen enough: the head may go, framed by what they made of the body.
void Relay::let_go(const BodyStep& step, bool end) {
  holding_ = false;
  const BodyNeed need = pipe_.need();
  const bool same = unchanged(step);
  if (same && (end || need == BodyNeed::none || need == BodyNeed::tap)) {
    wire_ = Wire::as_came;
    put(owned_.emplace_back(held_.bytes()));
  } else if (end && trailers_.empty()) {
    wire_ = Wire::length;
    length_ = step.size;
    for (Bytes piece : step.output) put(piece);
  } else {
    wire_ = resized_;
    if (wire_ == Wire::chunked) {
      put_chunked(step, end);
    } else {
      for (Bytes piece : step.output) put(piece);
    }
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

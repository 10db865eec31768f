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
      used_(true),
      chunked_(framing.kind == Framing::Kind::chunked),
      complete_(!framing.has_body()),
      most_whole_(most_whole),
      // Enough for what stays in the input until it is whole.
      most_decoded_(std::max<std::size_t>(16 * 1024, limits.chunk_line_bytes + limits.trailer_bytes)) {
  const BodyNeed need = complete_ ? BodyNeed::none : pipe_.need();
  piped_ = need != BodyNeed::none || (trailers_hook_ && chunked_);
  holding_ = need == BodyNeed::hold || (need == BodyNeed::resize && resized_ == Wire::length);
  recodes_ = pipe_.recodes();
  if (need == BodyNeed::edit) wire_ = Wire::in_place;
  if (need == BodyNeed::resize) wire_ = resized_;
}

void Relay::become(Relay&& fresh) {
  constexpr std::size_t kMostKept = 256;  // elements
  const auto keep = [](auto& from, auto& to) {
    if (from.capacity() > kMostKept) return;
    from.clear();
    to = std::move(from);
  };
  keep(pieces_, fresh.pieces_);
  keep(contents_, fresh.contents_);
  keep(output_, fresh.output_);
  *this = std::move(fresh);
}

Relay::Step Relay::feed(Bytes input) {
  output_.clear();
  owned_.clear();
  return cut(pipe_.decodes() ? input.substr(0, most_decoded_) : input);
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

Relay::Step Relay::passed(std::uint64_t bytes) {
  reader_.skip(bytes);
  content_out_ += bytes;
  return feed({});
}

Relay::Step Relay::resume() {
  output_.clear();
  owned_.clear();
  pieces_.clear();
  contents_.clear();
  const bool end = complete_;
  const WaitsFor waited_for = std::exchange(waits_for_, WaitsFor::nothing);
  if (waited_for == WaitsFor::body) return heard({}, pipe_.resume(), 0, end);
  const Bytes raw = owned_.emplace_back(waiting_raw_.bytes());
  const Bytes content = owned_.emplace_back(waiting_content_.bytes());
  const BodyStep said{BodyStep::Kind::forward, {&content, 1}, content.size(), untouched_, end};
  switch (trailers_hook_->on_resumed(trailers_)) {
    case TrailersHook::Said::paused: waits_for_ = WaitsFor::trailers; return {Step::Kind::paused};
    case TrailersHook::Said::decided: return {Step::Kind::decided};
    case TrailersHook::Said::unchanged:
    case TrailersHook::Said::changed: break;
  }
  waiting_raw_.clear();
  waiting_content_.clear();
  return leave(raw, said, 0, end);
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
  complete_ = end;
  if (!piped_) {
    for (Bytes content : contents_) content_out_ += content.size();
    put(raw);
    return {end ? Step::Kind::complete : Step::Kind::going, taken};
  }
  if (holding_) {
    for (Bytes content : contents_) {
      held_contents_.emplace_back(held_.size() + static_cast<std::size_t>(content.data() - raw.data()), content.size());
    }
    held_.append(raw);
  } else if (wire_ == Wire::in_place) {
    note_framing();
  }
  BodyStep said;
  if (pipe_.need() == BodyNeed::none) {
    said.output = contents_;
    for (Bytes content : contents_) said.size += content.size();
    said.end = end;
  } else if (!contents_.empty() || end) {
    said = pipe_.feed(contents_, end);
  }
  return heard(raw, said, taken, end);
}

Relay::Step Relay::heard(Bytes raw, BodyStep said, std::size_t taken, bool end) {
  switch (said.kind) {
    case BodyStep::Kind::decided: return {Step::Kind::decided, taken};
    case BodyStep::Kind::hold: return {Step::Kind::going, taken};
    case BodyStep::Kind::paused: waits_for_ = WaitsFor::body; return {Step::Kind::paused, taken};
    case BodyStep::Kind::forward: break;
  }
  if (is_held_whole()) {
    for (Bytes piece : said.output) whole_.append(piece);
    if (whole_.size() > most_whole_) return {Step::Kind::refused, taken, Refusal::content_too_large};
    if (!end) return {Step::Kind::going, taken};
    said = whole();
  }
  if (end) {
    switch (ask_about_trailers()) {
      case TrailersHook::Said::decided: return {Step::Kind::decided, taken};
      case TrailersHook::Said::paused: return wait_for_trailers(raw, said, taken);
      case TrailersHook::Said::unchanged:
      case TrailersHook::Said::changed: break;
    }
  }
  return leave(raw, said, taken, end);
}

// What would leave now lies in memory that is only lent.
Relay::Step Relay::wait_for_trailers(Bytes raw, const BodyStep& said, std::size_t taken) {
  waits_for_ = WaitsFor::trailers;
  if (!holding_ && wire_ == Wire::as_came) waiting_raw_.append(raw);
  for (Bytes piece : said.output) waiting_content_.append(piece);
  untouched_ = said.untouched;
  return {Step::Kind::paused, taken};
}

Relay::Step Relay::leave(Bytes raw, const BodyStep& said, std::size_t taken, bool end) {
  content_out_ += said.untouched ? held_content() : said.size;
  put_out(raw, said, end);
  return {end ? Step::Kind::complete : Step::Kind::going, taken};
}

BodyStep Relay::whole() {
  whole_bytes_ = whole_.bytes();
  BodyStep step;
  step.output = {&whole_bytes_, 1};
  step.size = whole_bytes_.size();
  step.end = true;
  return step;
}

TrailersHook::Said Relay::ask_about_trailers() {
  if (!trailers_hook_ || !(chunked_ || wire_ == Wire::chunked)) return TrailersHook::Said::unchanged;
  return trailers_hook_->on_trailers(trailers_);
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
  if ((step.untouched || unchanged(step)) && (end || need == BodyNeed::none || need == BodyNeed::tap)) {
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

std::size_t Relay::held_content() const {
  std::size_t sum = 0;
  for (const auto& [at, size] : held_contents_) sum += size;
  return sum;
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

// Where between the content the framing of this input stands.
void Relay::note_framing() {
  std::uint64_t came = content_in();
  for (Bytes piece : contents_) came -= piece.size();
  for (const Piece& piece : pieces_) {
    if (piece.kind == Piece::Kind::content) {
      came += piece.raw.size();
    } else {
      late_.push_back({came, std::string(piece.raw)});
    }
  }
}

// Content fills the places between the framing in the order it came; plugins may be late with some of it.
void Relay::put_in_place(std::span<const Bytes> content) {
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

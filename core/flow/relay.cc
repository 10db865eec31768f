// One message's body on its way from one leg to the other.
// SPDX-License-Identifier: MIT
#include "flow/relay.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "http/writer.h"

namespace hyalite {

namespace {

// Elements of a vector that are kept for the next input or exchange; and so, where plugins look, pieces of content at once.
constexpr std::size_t kMostKept = 256;
// Framing that is held beyond as much as there is content: enough for odd messages to leave as they came.
constexpr std::size_t kMostFraming = 64 * 1024;

void empty(std::vector<Bytes>& pieces) {
  if (pieces.capacity() > 4 * kMostKept) pieces = {};
  pieces.clear();
}

}  // namespace

Relay::Relay(const Framing& framing, const BodyLimits& limits, BodyPipe pipe, Wire resized, std::size_t most_whole,
             std::size_t most_at_once, TrailersHook* trailers)
    : reader_(framing, limits),
      pipe_(std::move(pipe)),
      trailers_hook_(trailers),
      resized_(resized),
      used_(true),
      chunked_(framing.kind == Framing::Kind::chunked),
      complete_(!framing.has_body()),
      most_whole_(most_whole),
      most_at_once_(most_at_once),
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
  const auto keep = [](auto& from, auto& to) {
    if (from.capacity() > kMostKept) return;
    from.clear();
    to = std::move(from);
  };
  keep(contents_, fresh.contents_);
  keep(output_, fresh.output_);
  *this = std::move(fresh);
}

// What was to be sent was. The memory of what leaves goes with it.
void Relay::begin() {
  empty(output_);
  owned_.clear();
  if (shown_ == 0) return;
  leaving_.consume(std::exchange(shown_, 0));
  if (leaving_.capacity() <= 2 * leaving_.size() + most_at_once_) return;
  Buffer rest;
  rest.append(leaving_.bytes());
  leaving_ = std::move(rest);
}

void Relay::drop() {
  output_.clear();
  owned_.clear();
  late_.clear();
  shown_ = 0;
  for (Buffer* bytes : {&leaving_, &held_, &whole_, &waiting_raw_, &waiting_content_}) bytes->clear();
  held_contents_ = std::vector<Place>();
  pipe_ = BodyPipe();
}

Relay::Step Relay::feed(Bytes input) {
  assert(!has_more());
  begin();
  return cut(pipe_.decodes() ? input.substr(0, most_decoded_) : input);
}

// Bodies that last until the close end here; every other body that is not complete was cut short.
Relay::Step Relay::finish(Bytes rest) {
  assert(!has_more());
  begin();
  if (complete_) return {Step::Kind::complete};
  if (const auto truncated = reader_.finish(rest)) return {Step::Kind::refused, 0, *truncated};
  contents_.clear();
  return pass_on({}, 0, true);
}

Relay::Step Relay::passed(std::uint64_t bytes) {
  reader_.skip(bytes);
  content_out_ += bytes;
  return feed({});
}

Relay::Step Relay::go_on() {
  begin();
  show(most_at_once_);
  return {complete() ? Step::Kind::complete : Step::Kind::going};
}

void Relay::hold_output() {
  if (shown_ == 0) {
    for (Bytes piece : output_) leaving_.append(piece);
  }
  shown_ = 0;
  output_.clear();
  owned_.clear();
  whole_.clear();
  pipe_.forget_output();
  count();
}

Relay::Step Relay::resume() {
  begin();
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
  count();
  return leave(raw, said, 0, end);
}

Relay::Step Relay::cut(Bytes input) {
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
        if (!piped_) break;
        contents_.push_back(piece.raw);
        if (contents_.size() == kMostKept) return pass_on(input.substr(0, at), at, false);
        break;
      case Piece::Kind::framing:
        if (wire_ == Wire::in_place) note_framing(piece.raw);
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
    content_out_ = content_in();
    put(raw);
    return {end ? Step::Kind::complete : Step::Kind::going, taken};
  }
  if (holding_) hold(raw);
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
    case BodyStep::Kind::hold: afford(); return {Step::Kind::going, taken};
    case BodyStep::Kind::paused:
      waits_for_ = WaitsFor::body;
      afford();
      return {Step::Kind::paused, taken};
    case BodyStep::Kind::forward: break;
  }
  if (is_held_whole()) {
    for (Bytes piece : said.output) whole_.append(piece);
    pipe_.forget_output();
    afford();
    if (whole_.size() > most_whole_ || !pipe_.has_room_besides(made() + framing()))
      return {Step::Kind::refused, taken, Refusal::content_too_large};
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
  pipe_.forget_output();
  count();
  return {Step::Kind::paused, taken};
}

Relay::Step Relay::leave(Bytes raw, const BodyStep& said, std::size_t taken, bool end) {
  content_out_ += said.untouched ? held_content() : said.size;
  const bool was_held = holding_;
  put_out(raw, said, end);
  keep_back(was_held ? Bytes() : raw);
  return {end && !has_more() ? Step::Kind::complete : Step::Kind::going, taken};
}

// About as much leaves as came with it; what is more stays here. Its reader has taken the one piece before it gets the next: so
// none of it waits in a leg, where nobody counts. Nor is much left in the pipe's memory until the next input, which may never come.
void Relay::keep_back(Bytes raw) {
  const std::size_t most_now = raw.size() + most_at_once_;
  bool may_all_leave = false;
  if (leaving_.empty()) {
    std::size_t total = 0;
    for (Bytes piece : output_) total += piece.size();
    may_all_leave = total <= most_now;
    if (may_all_leave && pipe_.lends() <= most_at_once_) return;
    if (total > 0) leaving_.reserve(total);
    for (Bytes piece : output_) leaving_.append(piece);
  }
  output_.clear();
  owned_.clear();
  whole_.clear();
  pipe_.forget_output();
  show(may_all_leave ? most_now : most_at_once_);
}

void Relay::show(std::size_t most) {
  shown_ = std::min(leaving_.size(), most);
  put(leaving_.bytes().substr(0, shown_));
  count();
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
    case Wire::in_place: return put_in_place(step, end);
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
  if (!original_gone_ && (step.untouched || unchanged(step)) && (end || need == BodyNeed::none || need == BodyNeed::tap)) {
    wire_ = Wire::as_came;
    if (end && chunked_) held_.append(trailers_ + "\r\n");
    leaving_ = std::move(held_);
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
  held_contents_ = std::vector<Place>();  // with its memory, which counts
  count();
}

// Framing is held with the content, so that what nobody edits leaves as it came.
void Relay::hold(Bytes raw) {
  if (original_gone_) return;
  for (Bytes content : contents_) {
    const std::size_t at = held_.size() + static_cast<std::size_t>(content.data() - raw.data());
    const bool follows = !held_contents_.empty() && held_contents_.back().at + held_contents_.back().size == at;
    if (follows) {
      held_contents_.back().size += content.size();
    } else {
      held_contents_.push_back({at, content.size()});
    }
  }
  held_.append(raw);
}

// Bytes held beyond the content, which is counted where plugins hold it: of chunks, and to find the content between them. Also
// content that a plugin has dropped already.
std::size_t Relay::framing() const {
  const std::size_t came = held_.size() + held_contents_.capacity() * sizeof(Place);
  const std::size_t content = made() + pipe_.held();
  return late_costs_ + (came > content ? came - content : 0);
}

// Else a chunk's line of 4 KiB could be held for each byte of content.
bool Relay::is_framing_affordable() const {
  const std::size_t framing_now = framing();
  return framing_now <= made() + pipe_.held() + kMostFraming && pipe_.has_room_besides(made() + framing_now);
}

// The content is what plugins want to see: it stays, and leaves framed anew, as if it had been edited.
void Relay::afford() {
  if (holding_ && !original_gone_ && !is_framing_affordable()) {
    original_gone_ = true;
    pipe_.forget_original();
    held_.clear();
    held_contents_ = std::vector<Place>();  // with its memory, which counts
  }
  count();
}

std::size_t Relay::held_content() const {
  std::size_t sum = 0;
  for (const Place& place : held_contents_) sum += place.size;
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

// It stands behind the content that came so far.
void Relay::note_framing(Bytes raw) {
  if (chunks_anew_) return;
  if (late_.empty() || late_.back().after != content_in()) {
    late_.push_back({content_in(), std::string(raw)});
    late_costs_ += late_.back().costs();
  } else {
    late_.back().bytes += raw;
    late_costs_ += raw.size();
  }
}

// Content fills the places between the framing in the order it came; plugins may be late with some of it.
void Relay::put_in_place(const BodyStep& step, bool end) {
  if (chunks_anew_) return put_until_chunk_ends(step, end);
  std::uint64_t left = content_out_ - step.size;
  const auto framing_due = [&] {
    while (!late_.empty() && late_.front().after == left) {
      late_costs_ -= late_.front().costs();
      put(owned_.emplace_back(std::move(late_.front().bytes)));
      late_.pop_front();
    }
  };
  framing_due();
  for (Bytes piece : step.output) {
    while (!piece.empty()) {
      const std::uint64_t room = late_.empty() ? piece.size() : late_.front().after - left;
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(room, piece.size()));
      put(piece.substr(0, n));
      piece.remove_prefix(n);
      left += n;
      framing_due();
    }
  }
  if (end && chunked_) put(owned_.emplace_back(trailers_ + "\r\n"));
  if (!late_.empty() && !is_framing_affordable()) chunk_anew();
  if (chunked_) count();
}

// The head said "chunked", and one of the chunks that came has left in part: it ends where it said; what follows is in ours.
void Relay::chunk_anew() {
  chunks_anew_ = true;
  late_.erase(std::next(late_.begin()), late_.end());
  late_.front().bytes = kCloseChunk;
  late_costs_ = late_.front().costs();
}

void Relay::put_until_chunk_ends(const BodyStep& step, bool end) {
  std::uint64_t in_chunk = late_.front().after - (content_out_ - step.size);
  std::vector<Bytes> behind;
  BodyStep rest;
  for (Bytes piece : step.output) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(in_chunk, piece.size()));
    put(piece.substr(0, n));
    in_chunk -= n;
    rest.size += piece.size() - n;
    if (n < piece.size()) behind.push_back(piece.substr(n));
  }
  if (in_chunk > 0) return;
  put(kCloseChunk);
  late_.clear();
  late_costs_ = 0;
  count();
  wire_ = Wire::chunked;
  rest.output = behind;
  put_chunked(rest, end);
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

// Bodies: what follows a head, cut into content and framing up to the byte on which the message ends.
// SPDX-License-Identifier: MIT
#include "http/body.h"

#include <algorithm>
#include <cassert>

#include "http/chunk_line.h"
#include "http/strict.h"

namespace hyalite {

namespace {

constexpr Bytes kCrLf = "\r\n";

}  // namespace

BodyReader::BodyReader(const Framing& framing, const BodyLimits& limits)
    : limits_(limits), ahead_(framing.length), empty_(framing.empty) {
  switch (framing.kind) {
    case Framing::Kind::length: state_ = State::length; break;
    case Framing::Kind::until_close: state_ = State::until_close; break;
    case Framing::Kind::chunked:
      state_ = State::chunk_line;
      chunked_ = true;
      witness_.start();
      break;
    case Framing::Kind::none:
    case Framing::Kind::tunnel: break;
  }
}

Piece BodyReader::next(Bytes input) {
  switch (state_) {
    case State::length:
    case State::until_close:
    case State::chunk_data: return content(input);
    case State::chunk_line: return chunk_line(input);
    case State::chunk_end: return chunk_end(input);
    case State::last_chunk: return last_chunk(input);
    case State::trailers: return trailers(input);
    case State::end: return end(input);
    case State::done: return {};
    case State::refused: break;
  }
  return refuse(refusal_);
}

Piece BodyReader::content(Bytes input) {
  if (input.empty()) return {};
  if (empty_) return refuse(Refusal::length_not_allowed);
  if (state_ == State::until_close) {
    content_bytes_ += input.size();
    return give(Piece::Kind::content, input, State::until_close);
  }
  const Bytes bytes = input.substr(0, std::min<std::uint64_t>(input.size(), ahead_));
  ahead_ -= bytes.size();
  content_bytes_ += bytes.size();
  if (chunked_) {
    // Costs nothing: llhttp, too, only counts the data of a chunk.
    if (const auto refusal = witness_.data(bytes, ahead_)) return refuse(*refusal);
  }
  if (ahead_ > 0) return give(Piece::Kind::content, bytes, state_);
  return give(Piece::Kind::content, bytes, chunked_ ? State::chunk_end : State::end);
}

Piece BodyReader::chunk_line(Bytes input) {
  const std::size_t length = find_line_end(input);
  if (std::max(length, seen_) > limits_.chunk_line_bytes)
    return refuse(Refusal::chunk_line_too_long);
  if (length == 0) return {};
  const Bytes line = input.substr(0, length);
  if (line.size() < 2 || line[length - 2] != '\r') return refuse(Refusal::bare_lf);
  ChunkLine chunk;
  if (const auto refusal = parse_chunk_line(line.substr(0, length - 2), chunk))
    return refuse(*refusal);
  if (chunk.size == 0) {
    last_chunk_line_ = line_ = seen_ = length;
    last_chunk_digits_ = chunk.digits;
    state_ = State::last_chunk;
    return last_chunk(input);
  }
  if (empty_) return refuse(Refusal::length_not_allowed);
  if (const auto refusal = witness_.size_line(line, chunk.digits, chunk.size))
    return refuse(*refusal);
  ahead_ = chunk.size;
  return give(Piece::Kind::framing, line, State::chunk_data);
}

Piece BodyReader::chunk_end(Bytes input) {
  const std::size_t there = std::min(input.size(), kCrLf.size());
  if (input.substr(0, there) != kCrLf.substr(0, there)) return refuse(Refusal::no_crlf_after_chunk);
  if (there < kCrLf.size()) return {};
  if (const auto refusal = witness_.data_end(kCrLf)) return refuse(*refusal);
  return give(Piece::Kind::framing, input.substr(0, there), State::chunk_line);
}

// Looks for the empty line. Until that is there nothing is given out: the other side must not see a
// message as good as complete that we may still refuse.
Piece BodyReader::last_chunk(Bytes input) {
  while (true) {
    const std::size_t line_end = find_line_end(input);
    if (std::max(line_end, seen_) - last_chunk_line_ > limits_.trailer_bytes)
      return refuse(Refusal::trailers_too_large);
    if (line_end == 0) return {};
    const Bytes line = input.substr(line_, line_end - line_);
    if (line.size() < 2 || line[line.size() - 2] != '\r') return refuse(Refusal::bare_lf);
    if (line == kCrLf) break;
    line_ = line_end;
  }
  trailers_ = line_ - last_chunk_line_;
  if (empty_ && trailers_ > 0) return refuse(Refusal::length_not_allowed);
  const Bytes first = input.substr(0, last_chunk_line_);
  const Bytes section = input.substr(last_chunk_line_, trailers_ + kCrLf.size());
  if (const auto refusal = check_trailers(section.substr(0, trailers_), limits_.trailer_fields))
    return refuse(*refusal);
  if (const auto refusal = witness_.size_line(first, last_chunk_digits_, 0))
    return refuse(*refusal);
  if (const auto refusal = witness_.last(section)) return refuse(*refusal);
  return give(Piece::Kind::framing, first, trailers_ > 0 ? State::trailers : State::end);
}

Piece BodyReader::trailers(Bytes input) {
  assert(input.size() >= trailers_ + kCrLf.size());
  return give(Piece::Kind::trailers, input.substr(0, trailers_), State::end);
}

Piece BodyReader::end(Bytes input) {
  return give(Piece::Kind::end, chunked_ ? input.substr(0, kCrLf.size()) : Bytes{}, State::done);
}

Piece BodyReader::refuse(Refusal refusal) {
  state_ = State::refused;
  refusal_ = refusal;
  return {Piece::Kind::refused, {}, refusal};
}

Piece BodyReader::give(Piece::Kind kind, Bytes raw, State then) {
  state_ = then;
  if (kind != Piece::Kind::content) seen_ = line_ = 0;
  return {kind, raw, {}};
}

std::size_t BodyReader::find_line_end(Bytes input) {
  const std::size_t lf = input.find('\n', seen_);
  seen_ = lf == Bytes::npos ? input.size() : lf + 1;
  return lf == Bytes::npos ? 0 : lf + 1;
}

std::optional<Refusal> BodyReader::finish(Bytes rest) {
  if (state_ == State::until_close && rest.empty()) state_ = State::done;
  if (state_ == State::done || (state_ == State::end && !chunked_)) return std::nullopt;
  return state_ == State::refused ? refusal_ : Refusal::truncated_body;
}

std::uint64_t BodyReader::content_ahead() const {
  if (state_ == State::until_close) return UINT64_MAX;
  return state_ == State::length || state_ == State::chunk_data ? ahead_ : 0;
}

void BodyReader::skip(std::uint64_t n) {
  assert(!chunked_ && n <= content_ahead());
  content_bytes_ += n;
  if (state_ == State::until_close) return;
  ahead_ -= n;
  if (ahead_ == 0) state_ = State::end;
}

}  // namespace hyalite

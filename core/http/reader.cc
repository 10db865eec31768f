// Bytes to heads: finds the end of a head, checks each byte of it, indexes it, lets llhttp read it.
// SPDX-License-Identifier: MIT
#include "http/reader.h"

#include <utility>

#include "http/parser.h"
#include "http/strict.h"

namespace hyalite {

namespace {

constexpr Bytes kCrLf = "\r\n";

HeadProgress need_more(std::size_t consumed) {
  return {.step = HeadProgress::Step::need_more, .consumed = consumed};
}
HeadProgress refused(Refusal refusal) {
  return {.step = HeadProgress::Step::refused, .refusal = refusal};
}

// The start-line as soon as it is there: who speaks HTTP/0.9 sends nothing behind it and waits.
std::optional<Refusal> check_start(Bytes line, const RequestHead&) {
  if (line.empty()) return Refusal::empty_line_before_request;
  RequestLine ignored;
  return parse_request_line(line, ignored);
}

std::optional<Refusal> check_start(Bytes line, const ResponseHead&) {
  StatusLine ignored;
  return parse_status_line(line, ignored);
}

// Only of what is refused at once: later the bytes may lie elsewhere.
void keep_start(Bytes line, RequestHead& head) {
  static_cast<void>(Indexer::index_start(line, head));
}
void keep_start(Bytes, ResponseHead&) {}

// need_more, refused, or complete with the length as `consumed`. The start-line is looked at as
// soon as it is there, and speaks before what is behind it; in a head that is whole the index does
// that.
template <class AnyHead>
HeadProgress find_head(HeadFinder& finder, Bytes bytes, const HeadLimits& limits, AnyHead& head) {
  std::size_t length = 0;
  auto refusal = finder.look(bytes, limits, length);
  if (length > 0) return {.step = HeadProgress::Step::complete, .consumed = length};
  const auto first_line = finder.first_line(bytes);
  if (first_line && finder.is_first_line_new()) {
    if (const auto wrong = check_start(*first_line, head)) refusal = wrong;
  }
  if (!refusal) return need_more(0);
  if (first_line) keep_start(*first_line, head);
  return refused(*refusal);
}

std::optional<Refusal> check(const RequestHead& head, Bytes raw) {
  if (const auto refusal = check_framing(head)) return refusal;
  return ask_llhttp(head, raw.substr(head.start_line().size()));
}

std::optional<Refusal> check(ResponseHead& head, const Asked& asked, const HeadLimits& limits,
                             Bytes raw) {
  if (const auto refusal = Indexer::index(raw, limits.fields, head)) return refusal;
  if (const auto refusal = check_framing(head, asked)) return refusal;
  return ask_llhttp(head, raw.substr(head.start_line().size()));
}

}  // namespace

std::optional<Refusal> HeadFinder::look(Bytes bytes, const HeadLimits& limits,
                                        std::size_t& length) {
  length = 0;
  while (true) {
    const std::size_t lf = bytes.find('\n', seen_);
    seen_ = lf == Bytes::npos ? bytes.size() : lf + 1;
    if (seen_ > limits.bytes) {
      return first_line_ > 0 ? Refusal::head_too_large : Refusal::target_too_long;
    }
    if (lf == Bytes::npos) return std::nullopt;
    if (lf == line_ || bytes[lf - 1] != '\r') return Refusal::bare_lf;
    const bool empty = lf == line_ + 1;
    line_ = lf + 1;
    if (first_line_ == 0) {
      first_line_ = line_;
      // An empty first line is no start-line, and no end either.
      if (empty) return std::nullopt;
    } else if (empty) {
      length = line_;
      return std::nullopt;
    }
  }
}

std::optional<Bytes> HeadFinder::first_line(Bytes bytes) const {
  if (first_line_ == 0) return std::nullopt;
  return bytes.substr(0, first_line_ - kCrLf.size());
}

bool HeadFinder::is_first_line_new() { return !std::exchange(told_, true); }

HeadProgress RequestReader::read(Bytes bytes, RequestHead& head) {
  std::size_t skipped = 0;
  if (!skipped_empty_line_ && finder_.fresh()) {
    if (bytes == kCrLf.substr(0, 1)) return need_more(0);
    if (bytes.substr(0, kCrLf.size()) == kCrLf) {
      skipped_empty_line_ = true;
      skipped = kCrLf.size();
      bytes.remove_prefix(skipped);
    }
  }
  HeadProgress progress = find_head(finder_, bytes, limits_, head);
  if (progress.step == HeadProgress::Step::need_more) return need_more(skipped);
  if (progress.step == HeadProgress::Step::refused) return progress;
  const Bytes raw = bytes.substr(0, progress.consumed);
  if (const auto refusal = Indexer::index(raw, limits_.fields, head)) return refused(*refusal);
  if (const auto refusal = check(head, raw)) {
    progress = refused(*refusal);
    progress.indexed = true;
    return progress;
  }
  finder_.reset();
  skipped_empty_line_ = false;
  progress.consumed += skipped;
  progress.framing = framing_of(head);
  return progress;
}

HeadProgress ResponseReader::read(Bytes bytes, const Asked& asked, ResponseHead& head) {
  HeadProgress progress = find_head(finder_, bytes, limits_, head);
  if (progress.step != HeadProgress::Step::complete) return progress;
  if (const auto refusal = check(head, asked, limits_, bytes.substr(0, progress.consumed)))
    return refused(*refusal);
  finder_.reset();
  progress.framing = framing_of(head, asked);
  return progress;
}

void index_trailers(Bytes raw, std::size_t most_fields, Trailers& trailers) {
  // A BodyReader has refused whatever this could refuse.
  static_cast<void>(Indexer::index(raw, most_fields, trailers));
}

}  // namespace hyalite

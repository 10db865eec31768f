// What a reader makes of a message, told as text: equal texts are equal results.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "arriving.h"
#include "http/body.h"
#include "http/reader.h"

namespace hyalite {

inline std::string text_of(const Framing& framing) {
  switch (framing.kind) {
    case Framing::Kind::none: return "none";
    case Framing::Kind::length: return "length " + std::to_string(framing.length);
    case Framing::Kind::chunked: return "chunked";
    case Framing::Kind::until_close: return "until_close";
    case Framing::Kind::tunnel: return "tunnel";
  }
  return "?";
}

inline std::string refusal_text(Refusal refusal) {
  return "refused: " + std::string(describe(refusal).id);
}

// What reading a head came to: "refused: id", "need_more" or its framing.
inline std::string verdict_of(const HeadProgress& progress) {
  switch (progress.step) {
    case HeadProgress::Step::need_more: return "need_more";
    case HeadProgress::Step::refused: return refusal_text(progress.refusal);
    case HeadProgress::Step::complete: return text_of(progress.framing);
  }
  return "?";
}

inline std::string fields_text(const Fields& fields) {
  std::string out;
  for (const Field& field : fields.fields()) {
    out.append(field.name)
        .append("=")
        .append(field.value)
        .append("[")
        .append(field.line)
        .append("]\n");
  }
  return out;
}

inline std::string head_text(const RequestHead& head) {
  return std::string(head.method()) + "|" + std::string(head.target()) + "|" +
         std::to_string(head.minor_version()) + "|" + std::string(head.raw()) + "|" +
         fields_text(head);
}
inline std::string head_text(const ResponseHead& head) {
  return std::to_string(head.status()) + "|" + std::string(head.reason()) + "|" +
         std::to_string(head.minor_version()) + "|" + std::string(head.raw()) + "|" +
         fields_text(head);
}

// Lets the pieces arrive one after the other and reads until something is decided. Counts what was
// consumed.
template <class AnyHead, class Read>
std::string read_pieces(std::string_view text, const Cuts& cuts, AnyHead& head, Read read) {
  Arriving input;
  std::size_t consumed = 0;
  HeadProgress progress;
  for (std::string_view piece : pieces_of(text, cuts)) {
    input.arrive(piece);
    progress = read(input.bytes(), head);
    if (progress.step == HeadProgress::Step::refused) return verdict_of(progress);
    consumed += progress.consumed;
    if (progress.step == HeadProgress::Step::complete) {
      return verdict_of(progress) + " after " + std::to_string(consumed) + "\n" + head_text(head);
    }
    input.take(progress.consumed);
  }
  return verdict_of(progress) + " after " + std::to_string(consumed);
}

inline const HeadLimits kTestLimits{4'096, 32};

inline std::string read_request(std::string_view text, const Cuts& cuts = {},
                                const HeadLimits& limits = kTestLimits) {
  RequestReader reader(limits);
  RequestHead head;
  return read_pieces(text, cuts, head,
                     [&](Bytes bytes, RequestHead& h) { return reader.read(bytes, h); });
}

inline std::string read_response(std::string_view text, const Asked& asked = {},
                                 const Cuts& cuts = {}, const HeadLimits& limits = kTestLimits) {
  ResponseReader reader(limits);
  ResponseHead head;
  return read_pieces(text, cuts, head,
                     [&](Bytes bytes, ResponseHead& h) { return reader.read(bytes, asked, h); });
}

// The first line of what read_request() and read_response() say, without the count.
inline std::string verdict_in(const std::string& result) {
  const std::string line = result.substr(0, result.find('\n'));
  return line.substr(0, line.find(" after "));
}

// However it is cut, the message comes to this.
inline void expect_request(std::string_view text, std::string_view verdict,
                           const HeadLimits& limits = kTestLimits) {
  const std::string whole = read_request(text, {}, limits);
  EXPECT_EQ(verdict_in(whole), verdict) << show(text);
  for (const Cuts& cuts : cuttings_of(text.size())) {
    const std::string result = read_request(text, cuts, limits);
    if (result != whole)
      ADD_FAILURE() << "cut at " << (cuts.empty() ? 0 : cuts[0]) << ": " << show(text) << "\n"
                    << result;
  }
}

inline void expect_response(std::string_view text, const Asked& asked, std::string_view verdict,
                            const HeadLimits& limits = kTestLimits) {
  const std::string whole = read_response(text, asked, {}, limits);
  EXPECT_EQ(verdict_in(whole), verdict) << show(text);
  for (const Cuts& cuts : cuttings_of(text.size())) {
    const std::string result = read_response(text, asked, cuts, limits);
    if (result != whole)
      ADD_FAILURE() << "cut at " << (cuts.empty() ? 0 : cuts[0]) << ": " << show(text) << "\n"
                    << result;
  }
}

inline void expect_request(std::string_view text, Refusal refusal) {
  expect_request(text, refusal_text(refusal));
}
inline void expect_response(std::string_view text, const Asked& asked, Refusal refusal) {
  expect_response(text, asked, refusal_text(refusal));
}

// What a body comes to: its content, its trailers, how it ends, how many bytes it took.
struct BodyResult {
  std::string content, framing, trailers, raw, verdict;
  std::uint64_t content_bytes = 0;
  bool operator==(const BodyResult&) const = default;
};

inline BodyResult read_body(const Framing& framing, std::string_view text, const Cuts& cuts = {},
                            bool closes = true, const BodyLimits& limits = {64, 128, 4}) {
  BodyReader reader(framing, limits);
  Arriving input;
  BodyResult result;
  bool refused = false;
  for (std::string_view arrived : pieces_of(text, cuts)) {
    input.arrive(arrived);
    while (!refused && !reader.complete()) {
      const Piece piece = reader.next(input.bytes());
      if (piece.kind == Piece::Kind::need_more) break;
      if (piece.kind == Piece::Kind::refused) {
        refused = true;
        result.verdict = refusal_text(piece.refusal);
        break;
      }
      if (piece.kind == Piece::Kind::content) result.content += piece.raw;
      if (piece.kind == Piece::Kind::framing) result.framing += piece.raw;
      if (piece.kind == Piece::Kind::trailers) result.trailers += piece.raw;
      result.raw += piece.raw;
      input.take(piece.raw.size());
    }
  }
  result.content_bytes = reader.content_bytes();
  if (refused) return result;
  if (reader.complete()) {
    result.verdict = "complete, " + std::to_string(input.bytes().size()) + " left";
  } else if (closes) {
    const auto refusal = reader.finish(input.bytes());
    result.verdict = refusal ? refusal_text(*refusal) : "complete at the close";
  } else {
    result.verdict = "need_more";
  }
  return result;
}

// Every cutting comes to the same, and what was given out is the beginning of what came.
inline BodyResult expect_body(const Framing& framing, std::string_view text,
                              std::string_view verdict, const BodyLimits& limits = {64, 128, 4}) {
  const BodyResult whole = read_body(framing, text, {}, true, limits);
  EXPECT_EQ(whole.verdict, verdict) << show(text);
  EXPECT_EQ(whole.raw, text.substr(0, whole.raw.size()));
  for (const Cuts& cuts : cuttings_of(text.size())) {
    BodyResult result = read_body(framing, text, cuts, true, limits);
    // Bytes that follow the message may not have arrived when it ends.
    if (whole.verdict.find(" left") != std::string::npos &&
        result.verdict.find(" left") != std::string::npos) {
      result.verdict = whole.verdict;
    }
    if (!(result == whole)) {
      ADD_FAILURE() << "cut at " << (cuts.empty() ? 0 : cuts[0]) << ": " << show(text) << "\n"
                    << result.verdict;
    }
  }
  return whole;
}

inline BodyResult expect_body(const Framing& framing, std::string_view text, Refusal refusal,
                              const BodyLimits& limits = {64, 128, 4}) {
  return expect_body(framing, text, refusal_text(refusal), limits);
}

}  // namespace hyalite

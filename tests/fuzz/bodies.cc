// Fuzz target: bodies in chunks, whole and in pieces, against the referee.
// SPDX-License-Identifier: MIT
//
// The first byte is the size of the pieces.
#include "http/body.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/oracle.h"

namespace hyalite {
namespace {

const BodyLimits kLimits{256, 1'024, 16};

struct Outcome {
  bool complete = false;
  std::optional<Refusal> refusal;
  std::string content, raw;
};

Outcome read(std::string_view bytes, std::size_t piece_size) {
  BodyReader reader(Framing{Framing::Kind::chunked, 0}, kLimits);
  Outcome outcome;
  std::string unread;
  while (!bytes.empty() && !outcome.complete && !outcome.refusal) {
    const std::size_t n = std::min(piece_size, bytes.size());
    unread += bytes.substr(0, n);
    bytes.remove_prefix(n);
    for (Piece piece = reader.next(unread); piece.kind != Piece::Kind::need_more; piece = reader.next(unread)) {
      if (piece.kind == Piece::Kind::content) outcome.content += piece.raw;
      if (piece.kind == Piece::Kind::refused) outcome.refusal = piece.refusal;
      if (piece.kind == Piece::Kind::end) outcome.complete = true;
      outcome.raw += piece.raw;
      unread.erase(0, piece.raw.size());
      if (outcome.refusal || outcome.complete) break;
    }
    require(unread.size() <= kLimits.chunk_line_bytes + kLimits.trailer_bytes + piece_size + 2, "it keeps too much");
  }
  return outcome;
}

void judge(std::string_view bytes, const Outcome& outcome) {
  require(bytes.substr(0, outcome.raw.size()) == outcome.raw, "the pieces are not what came", bytes);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  // What was given out is all that another reader can have seen.
  const oracle::Reading reading = oracle::read_requests(head + outcome.raw);
  require(reading.state != oracle::State::malformed, "the referee refuses what was given out, " + reading.why, outcome.raw);
  require(reading.is_exactly(1) == outcome.complete, "the referee sees another end", outcome.raw);
  if (outcome.complete) require(reading.messages[0].content == outcome.content, "the referee reads other content", outcome.raw);
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  std::string_view input = as_text(data, size);
  const std::size_t pieces = take_byte(input) + 1;
  const Outcome whole = read(input, input.size() + 1), cut = read(input, pieces);
  require(whole.refusal == cut.refusal && whole.complete == cut.complete, "it matters how the bytes are cut", input);
  if (!whole.refusal) require(whole.content == cut.content && whole.raw == cut.raw, "it matters for the content how they are cut", input);
  judge(input, whole);
  judge(input, cut);
  return 0;
}

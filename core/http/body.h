// Bodies: cuts the bytes that follow a head into content and framing, and knows on which byte the message ends.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "http/framing.h"
#include "http/parser.h"
#include "http/refusal.h"

namespace hyalite {

struct BodyLimits {
  std::size_t chunk_line_bytes = 4'096;  // size, extensions and CRLF
  std::size_t trailer_bytes = 16'384;    // the whole trailer section
  std::size_t trailer_fields = 64;
};

// A span of the input. The raw bytes of all pieces, in order, are the body as it came.
struct Piece {
  enum class Kind : std::uint8_t {
    need_more,  // nothing can be told from the input as it is: raw is empty
    content,    // bytes of content, at least one
    framing,    // chunk-size line, CRLF after chunk data
    trailers,   // the field lines of the trailer section, without the empty line behind them
    end,        // the message ends behind raw (the last CRLF when chunked, else empty); told once, then need_more
    refused,    // raw is empty; nothing more may be forwarded, the connection is to be closed
  };
  Kind kind = Kind::need_more;
  Bytes raw;
  Refusal refusal{};  // when refused
};

// Reads one body. The pieces of content and the end are the same however the input is cut; content may come in smaller
// pieces. Nothing whose meaning is still open is given out: a chunk-size line or a trailer section (with the last-chunk
// before it) that is not complete stays in the input; what may stay there is bounded by the limits.
class BodyReader {
 public:
  // A reader of an empty body, at its end.
  BodyReader() = default;
  BodyReader(const Framing& framing, const BodyLimits& limits);

  // The next piece from the front of `input` (the unconsumed bytes). Take piece.raw.size() bytes off before the next call.
  Piece next(Bytes input);
  // Was the end given out?
  bool complete() const { return state_ == State::done; }
  // The input has ended with `input` unconsumed. Is the message whole? until_close ends here; a Piece::end is not given.
  // Otherwise: truncated_body, unless complete() or nothing but Piece::end was left to give out.
  std::optional<Refusal> finish(Bytes input);

  // Bytes of content given out so far.
  std::uint64_t content_bytes() const { return content_bytes_; }
  // With Kind::length: bytes of content still to come; with until_close: UINT64_MAX; in a chunk: what is left of it; else 0.
  std::uint64_t content_ahead() const;
  // `n` bytes of content passed by other means (splice); only with Kind::length or until_close, n <= content_ahead().
  void skip(std::uint64_t n);

 private:
  enum class State : std::uint8_t { length, until_close, chunk_line, chunk_data, chunk_end, trailers, last_line, end, done, refused };

  Piece content(Bytes input);
  Piece chunk_line(Bytes input);
  Piece chunk_end(Bytes input);
  Piece last_chunk(Bytes input, std::size_t line);
  Piece trailers(Bytes input);
  Piece refuse(Refusal refusal);
  Piece give(Piece::Kind kind, Bytes raw, State then);
  std::optional<Refusal> look_for_trailers_end(Bytes input);

  State state_ = State::end;
  BodyLimits limits_;
  std::uint64_t ahead_ = 0;          // content bytes left: of the body, or of this chunk
  std::uint64_t content_bytes_ = 0;
  std::size_t seen_ = 0;             // of the line or trailer section that is incomplete: bytes looked at already
  std::size_t line_ = 0;             // in the trailer section: where the line begins that is incomplete
  std::size_t trailer_fields_ = 0;
  std::size_t trailers_end_ = 0;
  Refusal refusal_{};
  ChunkWitness witness_;
};

}  // namespace hyalite

// Bodies: what follows a head, cut into content and framing up to the byte on which the message ends.
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
  std::size_t trailer_bytes = 16'384;    // the whole trailer section, with the empty line behind it
  std::size_t trailer_fields = 64;
};

// A span of the input. The raw bytes of all pieces, in order, are the body as it came.
struct Piece {
  enum class Kind : std::uint8_t {
    need_more,  // nothing can be told from the input as it is: raw is empty
    content,    // bytes of content, at least one
    framing,    // a chunk-size line, or the CRLF behind chunk data
    trailers,   // the field lines of the trailer section without the empty line: see index_trailers()
    end,        // the message ends behind raw (the last CRLF when chunked, else empty); told once
    refused,    // raw is empty; nothing more may be forwarded, the connection is to be closed
  };
  Kind kind = Kind::need_more;
  Bytes raw = {};
  Refusal refusal = {};  // when refused
};

// Reads one body. The contents and the end are the same however the input is cut; only the pieces
// of content may be smaller. Nothing whose meaning is still open is given out: a chunk-size line,
// or the last-chunk with its trailer section, stays in the input until it is complete and checked;
// how much may stay there is bounded by the limits.
class BodyReader {
 public:
  // A reader of an empty body, before its end.
  BodyReader() = default;
  BodyReader(const Framing& framing, const BodyLimits& limits);

  // The next piece, from the front of `input`: the bytes not taken yet. Take piece.raw.size() bytes
  // off before the next call.
  Piece next(Bytes input);
  // Was the end given out?
  bool complete() const { return state_ == State::done; }
  // The peer ended its side, and next() needs more than `rest`. nullopt: with until_close this was
  // the end (no Piece::end is given), else the message had ended before. Otherwise truncated_body.
  std::optional<Refusal> finish(Bytes rest);

  // Bytes of content given out or skipped so far.
  std::uint64_t content_bytes() const { return content_bytes_; }
  // Bytes of content that are sure to come next: of the body, or of this chunk; with until_close
  // UINT64_MAX.
  std::uint64_t content_ahead() const;
  // `n` bytes of content went by another way (splice). Not when chunked; n <= content_ahead().
  void skip(std::uint64_t n);

 private:
  enum class State : std::uint8_t {
    length,
    until_close,
    chunk_line,
    chunk_data,
    chunk_end,
    last_chunk,  // the line of the last chunk is in the input; its trailer section is awaited
    trailers,    // the whole trailer section is in the input, and was checked
    end,
    done,
    refused,
  };

  Piece content(Bytes input);
  Piece chunk_line(Bytes input);
  Piece chunk_end(Bytes input);
  Piece last_chunk(Bytes input);
  Piece trailers(Bytes input);
  Piece end(Bytes input);
  Piece refuse(Refusal refusal);
  Piece give(Piece::Kind kind, Bytes raw, State then);
  // Where the line ends in which input[seen_] is, behind its CRLF; 0 when that has not come yet.
  std::size_t find_line_end(Bytes input);

  State state_ = State::end;
  Refusal refusal_ = {};
  BodyLimits limits_;
  std::uint64_t ahead_ = 0;  // content left: of the body, or of this chunk
  bool empty_ = false;       // none may come
  std::uint64_t content_bytes_ = 0;
  std::size_t seen_ = 0;  // of what has to stay in the input: bytes that were looked at already
  std::size_t line_ = 0;  // last_chunk: where the line begins in which seen_ is
  std::size_t last_chunk_line_ = 0;  // length of the last-chunk's line
  std::size_t last_chunk_digits_ = 0;
  std::size_t trailers_ = 0;  // length of the trailers' lines
  bool chunked_ = false;
  ChunkWitness witness_;
};

}  // namespace hyalite

// Bytes to heads: finds the end of a head, checks each byte of it, indexes it, lets llhttp read it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>

#include "http/connection.h"
#include "http/framing.h"
#include "http/message.h"
#include "http/refusal.h"

namespace hyalite {

struct HeadLimits {
  std::size_t bytes = 65'536;  // of the whole head, start-line and empty line too
  std::size_t fields = 256;
};

// What came of the bytes so far. Take `consumed` bytes off the front of the input, whatever the
// step.
struct HeadProgress {
  enum class Step : std::uint8_t { need_more, complete, refused };
  Step step = Step::need_more;
  // complete: the head; need_more: bytes before a head that belong to no message; refused: 0.
  std::size_t consumed = 0;
  Refusal refusal{};  // when refused; nothing of the message may be forwarded
  // When refused: the head is whole and indexed over the bytes all the same, to be told of.
  bool indexed = false;
  Framing framing{};  // when complete
};

// Looks for the empty line and at no byte twice; refuses a line that ends in a bare LF as soon as
// it is seen.
class HeadFinder {
 public:
  // `bytes` begin where the head begins: the bytes of the last call, and more. When the head is
  // whole, `length` is set to its length; otherwise to 0.
  std::optional<Refusal> look(Bytes bytes, const HeadLimits& limits, std::size_t& length);
  // The first line without its CRLF, once it is there. `bytes`: those of the last look.
  std::optional<Bytes> first_line(Bytes bytes) const;
  // True the first time that it is asked.
  bool is_first_line_new();
  bool fresh() const { return seen_ == 0; }
  void reset() { *this = {}; }

 private:
  std::size_t seen_ = 0;  // bytes in which no LF is to be looked for any more
  std::size_t line_ = 0;  // where the line begins in which seen_ is
  std::size_t first_line_ = 0;
  bool told_ = false;
};

// Reads one request head after the other. The same bytes give the same result however they are cut.
class RequestReader {
 public:
  explicit RequestReader(const HeadLimits& limits) : limits_(limits) {}
  // `bytes`: the unconsumed input, from the first byte of the message. When complete, `head` is
  // indexed over bytes, and the reader is ready for the next message. One empty line (CRLF) before
  // a request belongs to no message: it is consumed and not part of head.raw() (RFC 9112, 2.2); a
  // second one is refused.
  HeadProgress read(Bytes bytes, RequestHead& head);
  // An earlier reader consumed that line, and nothing else.
  void empty_line_was_read() { skipped_empty_line_ = true; }

 private:
  HeadLimits limits_;
  HeadFinder finder_;
  bool skipped_empty_line_ = false;
};

class ResponseReader {
 public:
  explicit ResponseReader(const HeadLimits& limits) : limits_(limits) {}
  // As above; after an interim response the next head is read with the same `asked`.
  HeadProgress read(Bytes bytes, const Asked& asked, ResponseHead& head);

 private:
  HeadLimits limits_;
  HeadFinder finder_;
};

// Indexes what a BodyReader gave out as Piece::trailers (which has checked it); `raw` stays alive
// and in place.
void index_trailers(Bytes raw, std::size_t most_fields, Trailers& trailers);

}  // namespace hyalite

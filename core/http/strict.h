// Our own strict check, line by line, before llhttp sees a byte, and the index that it leaves behind.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "http/message.h"
#include "http/refusal.h"

namespace hyalite {

struct RequestLine {
  Bytes method, target;
  unsigned minor_version = 1;
};
struct StatusLine {
  int status = 0;
  Bytes reason;
  unsigned minor_version = 1;
};

// `line` is without its CRLF, and has no LF. nullopt = fine, and `out` is filled.
// RFC 9112, section 3: exactly one space on each side of the target; only HTTP/1.0 and HTTP/1.1.
std::optional<Refusal> parse_request_line(Bytes line, RequestLine& out);
// RFC 9112, section 4: the space behind the status may be missing when the reason is: nobody reads
// that in another way.
std::optional<Refusal> parse_status_line(Bytes line, StatusLine& out);
// RFC 9112, section 5. Takes the first line off the front of `lines`, which is not empty, ends in CRLF and has no bare LF.
std::optional<Refusal> take_field(Bytes& lines, Field& out);

// Checks and fills heads and trailers; whoever uses them gets them from here. `raw` ends in an
// empty line (of a head) or is empty or ends in CRLF (of trailers), and has no bare LF.
class Indexer {
 public:
  static std::optional<Refusal> index(Bytes raw, std::size_t most_fields, RequestHead& head);
  static std::optional<Refusal> index(Bytes raw, std::size_t most_fields, ResponseHead& head);
  static std::optional<Refusal> index(Bytes raw, std::size_t most_fields, Trailers& trailers);
  // A request line alone, without its CRLF. One that is refused leaves behind what can be told of it: whoever answers must know
  // a HEAD.
  static std::optional<Refusal> index_start(Bytes line, RequestHead& head);

 private:
  static std::optional<Refusal> index_lines(Bytes lines, std::size_t most_fields, Fields& fields);
  static Bytes begin_head(Bytes raw, std::size_t most_fields, Head& head);
};

// The same check of a trailer section, keeping nothing.
std::optional<Refusal> check_trailers(Bytes raw, std::size_t most_fields);

}  // namespace hyalite

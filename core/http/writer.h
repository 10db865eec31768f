// The way back: heads as they must be sent, content in chunks of our own, and pages of our own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/bytes.h"
#include "http/message.h"

namespace hyalite {

// Appends the head: lines that no edit touched exactly as they came. An unedited head is its own
// raw(): no need to call.
void write(const RequestHead& head, Buffer& out);
void write(const ResponseHead& head, Buffer& out);

// The same, in the arena.
Bytes written(const RequestHead& head, Arena& arena);
Bytes written(const ResponseHead& head, Arena& arena);

// Chunked content (RFC 9112, 7.1): open_chunk(n), n bytes of content, close_chunk(), ...,
// last_chunk(trailers).
void open_chunk(std::uint64_t n, Buffer& out);  // n > 0
inline constexpr Bytes kCloseChunk = "\r\n";
void last_chunk(const Trailers& trailers,
                Buffer& out);  // with the empty line that ends the message
inline constexpr Bytes kLastChunk = "0\r\n\r\n";

inline constexpr Bytes kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// A whole response made by us or by a plugin. The connection closes behind it unless it
// `keeps_alive`.
struct Page {
  int status = 200;         // 200..599
  Bytes reason = {};        // empty: the usual one
  Bytes content_type = {};  // empty: no Content-Type
  Bytes body = {};
  std::span<const std::pair<Bytes, Bytes>> fields =
      {};                // after check_field(); framing fields are left out
  bool to_head = false;  // it answers HEAD: Content-Length is told, the body is not sent
  bool keeps_alive = false;
  enum class Body { whole, in_chunks, until_close };
  Body sent = Body::whole;  // else `body` is not written here: it follows, as said, and the connection closes behind it
};
void write(const Page& page, Buffer& out);

// "Not Found"; "" for a status that RFC 9110 does not know.
Bytes usual_reason(int status);

}  // namespace hyalite

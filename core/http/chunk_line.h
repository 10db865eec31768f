// The line in front of a chunk: its size and its extensions (RFC 9112, section 7.1).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "http/refusal.h"

namespace hyalite {

struct ChunkLine {
  std::size_t digits = 0;  // bytes of the size
  std::uint64_t size = 0;
};

// `line` is without its CRLF, and has no LF. One to sixteen hexadecimal digits; then extensions of
// the form ;name, ;name=token or ;name="quoted string". White space may stand where the grammar has
// BWS, around ';' and '=', but not at the end. nullopt = fine, and `out` is filled.
std::optional<Refusal> parse_chunk_line(Bytes line, ChunkLine& out);

}  // namespace hyalite

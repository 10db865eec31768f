// The second opinion: llhttp, strict, must read each head and chunk as we do. Known to parser.cc only.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "http/message.h"
#include "http/refusal.h"

namespace hyalite {

// "8.1.0": the version compiled in.
std::string_view llhttp_version();

// Which field lines llhttp is shown: those that frame (is_framing_field), or for tests all of them. Of a line that our own check passed
// llhttp has something to say only if it frames; the fuzz target `heads` holds that against all that it finds.
enum class Shown : std::uint8_t { what_frames, everything };

// Does llhttp read the field lines of a head as we do: chunked, length, the connection's options?
// The start-line is ours alone: llhttp gets a stand-in that means the same for the framing.
// second_parser_refused, parsers_disagree, or nullopt = it agrees. Only for heads that
// check_framing() found well; `lines`: the field lines and the empty line, as they came or as they will be sent.
std::optional<Refusal> ask_llhttp(const RequestHead& head, Bytes lines, Shown shown = Shown::what_frames);
std::optional<Refusal> ask_llhttp(const ResponseHead& head, Bytes lines, Shown shown = Shown::what_frames);

// llhttp on the chunks of one body, fed with exactly the bytes that we give out, right before we
// give them out. nullopt = it agrees. Can be copied; allocates nothing.
class ChunkWitness {
 public:
  void start();
  // A chunk-size line with its CRLF, whose first `digits` bytes are the size. The last-chunk too.
  std::optional<Refusal> size_line(Bytes line, std::size_t digits, std::uint64_t size);
  // Chunk data, or part of it; `ahead` bytes of the chunk follow.
  std::optional<Refusal> data(Bytes bytes, std::uint64_t ahead);
  // The CRLF behind chunk data.
  std::optional<Refusal> data_end(Bytes crlf);
  // The trailer section and the empty line: the message must end with its last byte.
  std::optional<Refusal> last(Bytes section);

 private:
  alignas(void*) std::array<std::byte, 160> parser_{};
};

}  // namespace hyalite

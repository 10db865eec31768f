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

// Does llhttp read the field lines of a head as we do: chunked, length, the connection's options?
// The start-line is ours alone: llhttp gets a stand-in that means the same for the framing.
// second_parser_refused, parsers_disagree, or nullopt = it agrees. Only for heads that
// check_framing() found well, as they came (raw(), without edits).
// `shown`: a head about which llhttp was asked before. Of the lines that stand in both, only those that frame are shown again.
std::optional<Refusal> ask_llhttp(const RequestHead& head, const Fields* shown = nullptr);
std::optional<Refusal> ask_llhttp(const ResponseHead& head, const Fields* shown = nullptr);

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

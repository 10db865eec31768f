// The second opinion: llhttp, strict, must read every head and every chunk line as we do. Its header stays in parser.cc.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "http/framing.h"
#include "http/message.h"
#include "http/refusal.h"

namespace hyalite {

// "8.1.0": the version compiled in.
std::string_view llhttp_version();

// Does llhttp read the field lines of a head as we do? The start-line is ours alone: llhttp gets a stand-in with the same
// meaning for the framing. second_parser_refused, parsers_disagree, or nullopt = it agrees. Heads as they came only.
std::optional<Refusal> ask_llhttp(const RequestHead& head);
std::optional<Refusal> ask_llhttp(const ResponseHead& head);

// llhttp on the chunks of one body, fed with exactly the bytes that we give out. Can be copied; allocates nothing.
class ChunkWitness {
 public:
  void start();
  // The next bytes of the body. `ahead`: the bytes of chunk data that follow them, as we read them; `end`: the message
  // ends with them. nullopt = llhttp agrees.
  std::optional<Refusal> see(Bytes bytes, std::uint64_t ahead, bool end);

 private:
  alignas(void*) std::array<std::byte, 160> parser_{};
};

}  // namespace hyalite

// Fuzz target: WebSocket frames. However the bytes are cut, they are read alike; what was read leaves as it came, and written
// again it is read alike.
// SPDX-License-Identifier: MIT
#include "websocket/frame_reader.h"

#include "tests/fuzz/fuzzing.h"

namespace {

using namespace hyalite;

struct Read {
  std::string raw;     // all that was passed on
  std::string frames;  // what they are, and their payloads
  std::string again;   // the same, written anew
  std::string end;     // the refusal
};

Read read(std::string_view all, FrameReader::From from, std::size_t step) {
  FrameReader reader(from);
  Read out;
  std::string payload;
  for (std::size_t at = 0; at < all.size() && out.end.empty(); at += step) {
    const std::string fed(all.substr(at, step));
    Bytes in = fed;
    for (bool more = true; more;) {
      const FramePiece piece = reader.next(in);
      const FrameHead& frame = reader.frame();
      switch (piece.kind) {
        case FramePiece::Kind::need_more: more = false; break;
        case FramePiece::Kind::refused: out.end = name_of(piece.refusal), more = false; break;
        case FramePiece::Kind::head:
          out.raw += piece.raw;
          payload.clear();
          break;
        case FramePiece::Kind::payload:
          out.raw += piece.raw;
          payload += piece.clear;
          break;
        case FramePiece::Kind::end:
          require(payload.size() == frame.length, "a payload of another size");
          out.frames += std::to_string(static_cast<int>(frame.opcode)) + (frame.final ? "." : "+") + payload + '\n';
          out.again += written(frame, payload);
          break;
      }
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = as_text(data, size);
  const unsigned how = take_byte(input);
  const auto from = how % 2 == 0 ? FrameReader::From::client : FrameReader::From::server;
  const Read whole = read(input, from, input.size() + 1);
  require(input.substr(0, whole.raw.size()) == whole.raw, "what was passed on is not what came", whole.raw);
  require(whole.raw.substr(0, whole.again.size()) == whole.again, "written again it is another", whole.again);
  for (const std::size_t step : {std::size_t{1}, std::size_t{1} + how / 2 % 16}) {
    const Read cut = read(input, from, step);
    require(cut.frames == whole.frames && cut.end == whole.end, "cut otherwise it is read otherwise", cut.frames);
  }
  return 0;
}

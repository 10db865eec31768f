// Frames of RFC 6455: what is read, what is refused, and that both are the same however the bytes are cut.
// SPDX-License-Identifier: MIT
#include "websocket/frame_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace hyalite {
namespace {

using From = FrameReader::From;

std::string frame(Opcode opcode, std::string_view payload, bool final = true, bool masked = true) {
  FrameHead head{opcode, final, payload.size(), std::nullopt};
  if (masked) head.mask = FrameMask{'\x11', '\x22', '\x33', '\x44'};
  return written(head, payload);
}

// All that came of it: the frames with their payloads, what was passed as it came, and the refusal.
struct Heard {
  std::string raw;
  std::vector<std::pair<Opcode, std::string>> frames;
  std::optional<FrameRefusal> refusal;
  bool between = false;
};

// Fed in pieces of `step` bytes, each in memory of its own.
Heard read(From from, std::string_view all, std::size_t step) {
  FrameReader reader(from);
  Heard heard;
  for (std::size_t at = 0; at < all.size() && !heard.refusal; at += step) {
    const std::string fed(all.substr(at, step));
    Bytes in = fed;
    for (bool more = true; more;) {
      const FramePiece piece = reader.next(in);
      switch (piece.kind) {
        case FramePiece::Kind::need_more: more = false; break;
        case FramePiece::Kind::refused: heard.refusal = piece.refusal, more = false; break;
        case FramePiece::Kind::head:
          heard.raw += piece.raw;
          heard.frames.emplace_back(reader.frame().opcode, "");
          break;
        case FramePiece::Kind::payload:
          heard.raw += piece.raw;
          heard.frames.back().second += piece.clear;
          break;
        case FramePiece::Kind::end: break;
      }
    }
  }
  heard.between = reader.between_messages();
  return heard;
}

TEST(FrameReader, ReadsFramesOfEveryLengthAndPassesThemAsTheyCame) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 4095u, 4097u, 65535u, 65536u, 70000u}) {
    const std::string payload(size, 'x');
    for (const From from : {From::client, From::server}) {
      const std::string all = frame(Opcode::binary, payload, true, from == From::client) + frame(Opcode::ping, "p", true, from == From::client);
      for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, all.size()}) {
        const Heard heard = read(from, all, step);
        EXPECT_FALSE(heard.refusal) << size;
        EXPECT_EQ(heard.raw, all);
        ASSERT_EQ(heard.frames.size(), 2u);
        EXPECT_EQ(heard.frames[0].second, payload);
        EXPECT_EQ(heard.frames[1].second, "p");
        EXPECT_TRUE(heard.between);
      }
    }
  }
}

TEST(FrameReader, ControlFramesMayComeInsideOfMessages) {
  const std::string all = frame(Opcode::text, "ab\xe2", false) + frame(Opcode::ping, "") + frame(Opcode::continuation, "\x82", false) +
                          frame(Opcode::pong, "x") + frame(Opcode::continuation, "\xac");
  for (std::size_t step = 1; step <= all.size(); ++step) {
    const Heard heard = read(From::client, all, step);
    EXPECT_FALSE(heard.refusal) << step;
    EXPECT_EQ(heard.raw, all);
    EXPECT_TRUE(heard.between);
  }
}

struct Wrong {
  const char* what;
  std::string bytes;
  FrameRefusal refusal;
  From from = From::client;
};

TEST(FrameReader, RefusesWhatBreaksTheRulesHoweverItIsCut) {
  using R = FrameRefusal;
  const std::string mask = "\x11\x22\x33\x44";
  const auto close = [](unsigned code, std::string_view reason = {}) { return frame(Opcode::close, close_payload(code, reason)); };
  const Wrong all[] = {
      {"RSV1", "\xc1\x80" + mask, R::reserved_bit},
      {"RSV3", "\x91\x80" + mask, R::reserved_bit},
      {"opcode 3", "\x83\x80" + mask, R::unknown_opcode},
      {"opcode 11", "\x8b\x80" + mask, R::unknown_opcode},
      {"a client's without a mask", frame(Opcode::text, "a", true, false), R::unmasked},
      {"a server's with a mask", frame(Opcode::text, "a"), R::masked, From::server},
      {"125 in two bytes", std::string("\x82\xfe\x00\x7d", 4) + mask, R::length_not_minimal},
      {"65535 in eight bytes", std::string("\x82\xff\0\0\0\0\0\0\xff\xff", 10) + mask, R::length_not_minimal},
      {"the highest bit", std::string("\x82\xff\x80\0\0\0\0\0\0\0", 10) + mask, R::length_too_large},
      {"a Ping of 126 bytes", std::string("\x89\xfe\x00\x7e", 4) + mask, R::control_too_long},
      {"half a Ping", std::string("\x09\x80") + mask, R::control_fragmented},
      {"a continuation of nothing", frame(Opcode::continuation, "a"), R::unexpected_continuation},
      {"a continuation of what ended", frame(Opcode::text, "a") + frame(Opcode::continuation, "b"), R::unexpected_continuation},
      {"a message inside another", frame(Opcode::text, "a", false) + frame(Opcode::text, "b"), R::unfinished_message},
      {"no UTF-8", frame(Opcode::text, "\xff"), R::not_utf8},
      {"a surrogate", frame(Opcode::text, "\xed\xa0\x80"), R::not_utf8},
      {"longer than needed", frame(Opcode::text, "\xc0\xaf"), R::not_utf8},
      {"beyond Unicode", frame(Opcode::text, "\xf4\x90\x80\x80"), R::not_utf8},
      {"half a character at the end", frame(Opcode::text, "\xe2\x82"), R::not_utf8},
      {"half a character over two frames", frame(Opcode::text, "\xe2", false) + frame(Opcode::continuation, "a"), R::not_utf8},
      {"half a close code", frame(Opcode::close, "\x03"), R::bad_close},
      {"close code 999", close(999), R::bad_close},
      {"close code 1005", frame(Opcode::close, "\x03\xed"), R::bad_close},
      {"close code 1006", close(1006), R::bad_close},
      {"close code 1015", close(1015), R::bad_close},
      {"close code 2000", close(2000), R::bad_close},
      {"close code 5000", close(5000), R::bad_close},
      {"a reason that is not UTF-8", close(1000, "\xff"), R::not_utf8},
      {"a message after a Close", close(1000) + frame(Opcode::text, "a"), R::after_close},
      {"a Close after a Close", close(1000) + close(1000), R::after_close},
  };
  for (const Wrong& wrong : all) {
    for (std::size_t step = 1; step <= wrong.bytes.size(); ++step) {
      const Heard heard = read(wrong.from, wrong.bytes, step);
      ASSERT_TRUE(heard.refusal) << wrong.what << ", " << step;
      EXPECT_EQ(*heard.refusal, wrong.refusal) << wrong.what << ", " << step << ": " << name_of(*heard.refusal);
    }
  }
}

TEST(FrameReader, TakesWhatIsUnusualButRight) {
  for (const std::string& right : {frame(Opcode::text, ""), frame(Opcode::text, "", false) + frame(Opcode::continuation, ""),
                                   frame(Opcode::close, ""), frame(Opcode::close, close_payload(1014, "bye")),
                                   frame(Opcode::close, close_payload(4999, "")) + frame(Opcode::pong, "late"),
                                   frame(Opcode::text, "\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80"), frame(Opcode::ping, std::string(125, 'p'))}) {
    for (std::size_t step = 1; step <= right.size(); ++step) EXPECT_FALSE(read(From::client, right, step).refusal);
  }
}

TEST(FrameReader, MasksAreNotTheSameTwice) {
  EXPECT_NE(fresh_mask(), fresh_mask());  // one in four thousand millions
}

}  // namespace
}  // namespace hyalite

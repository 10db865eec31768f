// SPDX-License-Identifier: MIT
#include "base/buffer.h"

#include <gtest/gtest.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/seldom.h"

namespace hyalite {

TEST(Buffer, GivesBackWhatWasPutInInOrder) {
  Buffer buffer;
  std::string expected, got;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 37), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    const std::size_t take = std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(i % 23));
    got += buffer.bytes().substr(0, take);
    buffer.consume(take);
  }
  EXPECT_EQ(got + std::string(buffer.bytes()), expected);
}

TEST(Buffer, HoldsNoMemoryWhileEmpty) {
  Buffer buffer;
  buffer.append("abc");
  buffer.consume(3);
  EXPECT_EQ(buffer.capacity(), 0u);
}

// Each waiting flow has several of both.
static_assert(sizeof(Buffer) == sizeof(void*) && sizeof(Arena) == sizeof(void*));

TEST(Buffer, GivesWhatItHoldsAway) {
  Buffer from;
  from.append("abc");
  const Buffer to = std::move(from);
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(from.capacity(), 0u);
  EXPECT_EQ(to.bytes(), "abc");
}

TEST(Seldom, MakesNothingUntilItIsWrittenTo) {
  Seldom<std::string> word;
  EXPECT_FALSE(word);
  EXPECT_EQ(*word, "");
  EXPECT_EQ(word.find(), nullptr);
  word.touch() = "abc";
  EXPECT_EQ(*word, "abc");
  word.reset();
  EXPECT_EQ(word->size(), 0u);
}

TEST(Arena, KeepsPiecesApartAndAligned) {
  Arena arena;
  const auto a = arena.copy("abc");
  void* b = arena.allocate(64, 64);
  const auto big = arena.copy(std::string(10'000, 'x'));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(b) % 64, 0u);
  EXPECT_EQ(a, "abc");
  EXPECT_EQ(big.size(), 10'000u);
  arena.clear();
  EXPECT_LE(arena.held(), 4096u);
}

TEST(Log, QuotesWhatCouldForgeALine) {
  std::string line;
  Log log(LogLevel::info, [&](std::string_view text) { line = text; });
  log.set_for_journal(false);
  log.info("event", {{"host", "a b\nhyalite error"}, {"n", "1"}});
  EXPECT_EQ(line, R"(hyalite info event host="a b\x0ahyalite error" n=1)");
  log.set_for_journal(true);
  log.error("event");
  EXPECT_EQ(line, "<3>hyalite error event");
  line.clear();
  log.debug("quiet");
  EXPECT_EQ(line, "");
}

}  // namespace hyalite

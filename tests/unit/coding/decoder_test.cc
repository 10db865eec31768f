// Content codings undone: whole, byte by byte, broken, and bombs.
// SPDX-License-Identifier: MIT
#include "coding/decoder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "unit/coding/samples.h"

namespace hyalite {
namespace {

struct Result {
  Decoded state;
  std::string text;
};

Result undo(Coding coding, std::string_view coded, std::size_t piece, const DecodeLimits& limits = {}) {
  const auto decoder = Decoder::make(coding, limits);
  Buffer out;
  for (std::size_t at = 0; at < coded.size(); at += piece) {
    const Decoded state = decoder->feed(coded.substr(at, piece), out);
    if (state == Decoded::corrupt || state == Decoded::too_large) return {state, std::string(out.bytes())};
  }
  return {decoder->finish(), std::string(out.bytes())};
}

struct EachCoding : ::testing::TestWithParam<Coding> {};
INSTANTIATE_TEST_SUITE_P(Codings, EachCoding, ::testing::Values(Coding::gzip, Coding::deflate, Coding::br, Coding::zstd));

TEST_P(EachCoding, IsUndoneHoweverItIsCut) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  const std::string coded = samples::coded(GetParam(), text);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, coded.size()}) {
    const Result result = undo(GetParam(), coded, piece);
    EXPECT_EQ(result.state, Decoded::ended);
    EXPECT_EQ(result.text, text);
  }
}

TEST_P(EachCoding, WhatIsCutShortIsNotWhole) {
  const std::string coded = samples::coded(GetParam(), "some text, some text, some text");
  for (std::size_t length = 1; length < coded.size(); ++length) {
    EXPECT_NE(undo(GetParam(), coded.substr(0, length), length).state, Decoded::ended) << length;
  }
}

TEST_P(EachCoding, WhatStandsBehindTheEndIsNoPartOfIt) {
  const std::string coded = samples::coded(GetParam(), "text");
  EXPECT_EQ(undo(GetParam(), coded + "garbage that follows", 1000).state, Decoded::corrupt);
  EXPECT_EQ(undo(GetParam(), coded + "garbage that follows", 1).state, Decoded::corrupt);
}

TEST_P(EachCoding, NonsenseIsCorrupt) { EXPECT_EQ(undo(GetParam(), "\xff\xffno such thing at all, not in any coding", 1000).state, Decoded::corrupt); }

TEST_P(EachCoding, ABombIsStopped) {
  const std::string bomb = samples::coded(GetParam(), std::string(std::size_t{8} << 20, 'a'));
  const Result by_ratio = undo(GetParam(), bomb, 1024);
  EXPECT_EQ(by_ratio.state, Decoded::too_large);
  EXPECT_LE(by_ratio.text.size(), 1024u * 200u * 2u + 128u * 1024u);
  DecodeLimits limits;
  limits.ratio = 1'000'000;
  limits.bytes = 1'000'000;
  const Result by_size = undo(GetParam(), bomb, 1024, limits);
  EXPECT_EQ(by_size.state, Decoded::too_large);
  EXPECT_LE(by_size.text.size(), 1'000'000u + 16u * 1024u);
}

TEST_P(EachCoding, WhatNobodyHasRoomForIsTooLarge) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  const std::string coded = samples::coded(GetParam(), text);
  const auto decoder = Decoder::make(GetParam(), {});
  Buffer out;
  EXPECT_EQ(decoder->feed(coded, out, 100'000), Decoded::too_large);
  EXPECT_LE(out.size(), 100'000u + 16u * 1024u);
  EXPECT_EQ(decoder->holds(), 0u);
}

TEST_P(EachCoding, HoldsItsWindowUntilItIsOver) {
  std::minstd_rand random(1);
  std::string text(std::size_t{3} << 20, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  const std::string coded = samples::coded(GetParam(), text);
  const bool large = GetParam() == Coding::br || GetParam() == Coding::zstd;
  for (const bool cut_short : {false, true}) {
    const auto decoder = Decoder::make(GetParam(), {});
    Buffer out;
    EXPECT_EQ(decoder->feed(coded.substr(0, coded.size() - 10), out), Decoded::going);
    EXPECT_GE(decoder->holds(), large ? std::size_t{1} << 20 : std::size_t{32} << 10);
    EXPECT_LE(decoder->holds(), large ? std::size_t{9} << 20 : std::size_t{48} << 10);
    if (!cut_short) {
      EXPECT_EQ(decoder->feed(coded.substr(coded.size() - 10), out), Decoded::ended);
    }
    EXPECT_EQ(decoder->finish(), cut_short ? Decoded::corrupt : Decoded::ended);
    EXPECT_EQ(decoder->holds(), 0u);
  }
}

TEST_P(EachCoding, AnEmptyBodyIsNothing) { EXPECT_EQ(undo(GetParam(), "", 1).state, Decoded::ended); }

TEST(Coding, MembersOfGzipMayFollowEachOther) {
  const std::string two = samples::coded(Coding::gzip, "one ") + samples::coded(Coding::gzip, "two");
  EXPECT_EQ(undo(Coding::gzip, two, 1).text, "one two");
  EXPECT_EQ(undo(Coding::gzip, two, 1000).text, "one two");
}

TEST(Coding, BareDeflateIsTakenToo) {
  const std::string coded = samples::coded(Coding::deflate, "text, text, text");
  // Without the header of two bytes and the checksum of four.
  EXPECT_EQ(undo(Coding::deflate, coded.substr(2, coded.size() - 6), 1000).text, "text, text, text");
}

TEST(Coding, NamesAreKnown) {
  EXPECT_EQ(coding_of("GZip"), Coding::gzip);
  EXPECT_EQ(coding_of("x-gzip"), Coding::gzip);
  EXPECT_EQ(coding_of("br"), Coding::br);
  EXPECT_EQ(coding_of("zstd"), Coding::zstd);
  for (const char* unknown : {"", "identity", "gzip, br", "compress", "gzip;q=1"}) EXPECT_FALSE(coding_of(unknown)) << unknown;
}

}  // namespace
}  // namespace hyalite

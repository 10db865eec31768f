// Lines of JSON as the logger puts them together.
// SPDX-License-Identifier: MIT
#include "http-logger/json_line.h"

#include <gtest/gtest.h>

#include "settings/json.h"

namespace hyalite {
namespace {

TEST(JsonLine, IsAlwaysOneValidLine) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& text :
       {all, std::string("\xc3"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
        std::string("\xe2\x82\xac"), std::string(20'000, '\xc3')}) {
    JsonLine line;
    line.text("t", text);
    line.number("n", UINT64_MAX);
    const std::string members(line.members());
    ASSERT_TRUE(JsonDocument::parse("{" + members + "}")) << members;
    EXPECT_EQ(members.find('\n'), std::string::npos);
    EXPECT_LT(members.size(), JsonLine::kMostTextBytes + 100);
    EXPECT_EQ(line.cut(), text.size() > 10'000);
  }
  std::string euro;
  append_json_string("\xe2\x82\xac", euro);
  EXPECT_EQ(euro, "\"\xe2\x82\xac\"");
}

// Eight characters are looked at together: each is seen wherever it stands, and nothing else is
// taken for it.
TEST(JsonLine, EveryCharacterIsSeenAtEveryPlace) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 17; ++at) {
      std::string text(17, 'x'), expected;
      text[at] = static_cast<char>(c);
      append_json_string(text, expected);
      JsonLine line;
      line.text("t", text);
      ASSERT_EQ(line.members(), "\"t\":" + expected) << c << " at " << at;
    }
  }
}

// Memory of a line before, shorter or longer, is no part of the next.
TEST(JsonLine, NothingOfTheLineBeforeIsLeft) {
  std::string memory;
  for (const std::size_t size : {3u, 3000u, 0u, 40u, 4000u, 7u}) {
    JsonLine line(JsonLine::kMostTextBytes, std::move(memory));
    line.text("t", std::string(size, 'x'));
    line.number("n", 1);
    memory = line.take();
    ASSERT_EQ(memory, "\"t\":\"" + std::string(size, 'x') + "\",\"n\":1");
  }
}

TEST(JsonLine, TimesAndNumbersAreWrittenOut) {
  SecondText seconds;
  for (int turn = 0; turn < 2; ++turn) {
    JsonLine line;
    line.time("a", 1'714'979'289'123'456'789, seconds);
    line.time("b", 1'714'979'289'005'000'000, seconds);
    line.time("c", 1'714'979'290'000'000'000, seconds);
    line.milliseconds("d", 1'002'003'999);
    line.milliseconds("e", 0);
    line.milliseconds("n", -1'002'003'999);
    line.address4("f", {192, 0, 2, 255});
    line.word("g", "plain");
    EXPECT_EQ(
        line.members(),
        R"("a":"2024-05-06T07:08:09.123Z","b":"2024-05-06T07:08:09.005Z","c":"2024-05-06T07:08:10.000Z",)"
        R"("d":1002.003,"e":0.000,"n":0.000,"f":"192.0.2.255","g":"plain")");
  }
}

}  // namespace
}  // namespace hyalite

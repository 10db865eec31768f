// SPDX-License-Identifier: MIT
#include "settings/json.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

JsonDocument parsed(std::string_view text) {
  auto document = JsonDocument::parse(text);
  EXPECT_TRUE(document) << text;
  return std::move(*document);
}

using Type = JsonView::Type;

}  // namespace

TEST(Json, FindsValuesByPointer) {
  const JsonDocument document = parsed(R"({"a":{"b~/c":[10,{"":true}]},"0":"zero"})");
  const JsonView root = document.root();
  EXPECT_EQ(root.at("").type(), Type::object);
  EXPECT_EQ(root.at("/a/b~0~1c/0").integer(), 10);
  EXPECT_EQ(root.at("/a/b~0~1c/1/").boolean(), true);
  EXPECT_EQ(root.at("/0").string(), "zero");
  EXPECT_EQ(root.at("/a").at("/b~0~1c/0").integer(), 10);
  for (const char* absent :
       {"a", "/b", "/a/b~0~1c/2", "/a/b~0~1c/00", "/a/b~0~1c/-", "/0/0", "/a/b~0~1c/1/x/y"}) {
    EXPECT_EQ(root.at(absent).type(), Type::absent) << absent;
  }
}

TEST(Json, ConvertsNothing) {
  const JsonDocument document =
      parsed(R"({"i":-3,"u":18446744073709551615,"n":2.5,"s":"3","b":false,"z":null})");
  const JsonView root = document.root();
  EXPECT_EQ(root.at("/i").integer(), -3);
  EXPECT_EQ(root.at("/i").number(), -3.0);
  EXPECT_EQ(root.at("/u").integer(), std::nullopt);
  EXPECT_EQ(root.at("/u").type(), Type::integer);
  EXPECT_EQ(root.at("/n").integer(), std::nullopt);
  EXPECT_EQ(root.at("/n").number(), 2.5);
  EXPECT_EQ(root.at("/s").integer(), std::nullopt);
  EXPECT_EQ(root.at("/b").boolean(), false);
  EXPECT_EQ(root.at("/z").boolean(), std::nullopt);
  EXPECT_EQ(root.at("/z").type(), Type::null);
  EXPECT_EQ(JsonView().integer(), std::nullopt);
}

TEST(Json, WalksMembersInTheOrderWritten) {
  const JsonDocument document = parsed(R"({"zebra":1,"apple":[7,8]})");
  const JsonView root = document.root();
  ASSERT_EQ(root.size(), 2u);
  EXPECT_EQ(root.key(0), "zebra");
  EXPECT_EQ(root.key(1), "apple");
  EXPECT_EQ(root.key(2), "");
  EXPECT_EQ(root.element(1).element(1).integer(), 8);
  EXPECT_EQ(root.element(1).element(2).type(), Type::absent);
  EXPECT_EQ(root.member("zebra").integer(), 1);
  EXPECT_EQ(root.member("apple").key(0), "");
  EXPECT_EQ(root.text(), R"({"zebra":1,"apple":[7,8]})");
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* bad : {"", "{", "[1,]", "{\"a\":1} x", "nul", "'a'", "1e999"}) {
    EXPECT_FALSE(JsonDocument::parse(bad)) << bad;
  }
}

TEST(Json, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonDocument::parse(nested(kMaxJsonDepth)));
  EXPECT_FALSE(JsonDocument::parse(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(JsonDocument::parse(nested(1'000'000)));
  EXPECT_TRUE(JsonDocument::parse("\"" + std::string(1000, '[') + "\\\"[\""))
      << "brackets in text are no depth";
}

TEST(Json, KeepsViewsValidWhenTheDocumentMoves) {
  JsonDocument document = parsed(R"(["a"])");
  const JsonView view = document.root().element(0);
  const JsonDocument moved = std::move(document);
  EXPECT_EQ(view.string(), "a");
}

TEST(Json, TakesPointersApartAsItPutsThemTogether) {
  const std::string pointer = pointer_to(pointer_to("", "a~/b"), "");
  EXPECT_EQ(pointer, "/a~0~1b/");
  EXPECT_EQ(pointer_steps(pointer), (std::vector<std::string>{"a~/b", ""}));
  EXPECT_TRUE(pointer_steps("").empty());
}

}  // namespace hyalite

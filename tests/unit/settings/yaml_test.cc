// SPDX-License-Identifier: MIT
#include "settings/yaml.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

YamlRead read(std::string_view text) { return read_yaml(text, "g.yaml"); }
std::string mistakes_in(std::string_view text) { return text_of(read(text).mistakes); }

}  // namespace

TEST(Yaml, KnowsWhereEverythingStands) {
  const YamlRead tree = read("a: 1\nb:\n  - x\n  - {c: \"y\"}\n");
  ASSERT_TRUE(tree.complete);
  ASSERT_EQ(tree.root.entries.size(), 2u);
  const YamlEntry& b = tree.root.entries[1];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.position.line, 2u);
  EXPECT_EQ(b.position.column, 1u);
  const YamlEntry& c = b.value.items.at(1).entries.at(0);
  EXPECT_EQ(c.position.line, 4u);
  EXPECT_EQ(c.position.column, 6u);
  EXPECT_EQ(c.value.position.column, 9u);
  EXPECT_TRUE(c.value.quoted);
  EXPECT_FALSE(b.value.items[0].quoted);
}

TEST(Yaml, FindsNamesSetTwiceAtEveryDepth) {
  EXPECT_EQ(mistakes_in("a: {b: [{c: 1, c: 2}]}\na: 3\n"),
            "g.yaml:1:16: \"c\" is set twice, expected it once; the first stands in line 1\n"
            "g.yaml:2:1: \"a\" is set twice, expected it once; the first stands in line 1\n");
  EXPECT_EQ(read("a: {b: [{c: 1, c: 2}]}").mistakes.at(0).path, "a.b[0].c");
}

TEST(Yaml, PutsACopyWhereAnAliasStands) {
  const YamlRead tree = read("a: &x [1, 2]\nb: *x\nc: *x\n");
  ASSERT_TRUE(tree.mistakes.empty()) << text_of(tree.mistakes);
  EXPECT_EQ(tree.root.entries.at(2).value.items.at(1).text, "2");
}

TEST(Yaml, StopsAtAliasesThatMultiply) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    bomb += name + ": &" + name + " [";
    for (int k = 0; k < 10; ++k) bomb += before + ",";
    bomb += "]\n";
  }
  const YamlRead tree = read(bomb);
  EXPECT_FALSE(tree.complete);
  ASSERT_EQ(tree.mistakes.size(), 1u);
  EXPECT_EQ(tree.mistakes[0].what, "too much for a settings file");
}

TEST(Yaml, CountsValuesWithoutAnyText) {
  std::string values;
  for (std::size_t i = 0; i < kMaxYamlNodes - 2; ++i) values += "~,";
  EXPECT_TRUE(read("[" + values + "]").complete);
  EXPECT_FALSE(read("[" + values + "~,~,~]").complete);
}

TEST(Yaml, StopsAtLongTextsThatMultiply) {
  std::string bomb = "a: &a \"" + std::string(500'000, 'x') + "\"\nb: [";
  for (int i = 0; i < 1000; ++i) bomb += "*a,";
  EXPECT_FALSE(read(bomb + "]\n").complete);
}

TEST(Yaml, RefusesAnAliasInsideOfWhatItNames) {
  EXPECT_EQ(mistakes_in("a: &a [*a]\n"),
            "g.yaml:1:8: an alias stands inside of what it names, expected an alias after it\n");
}

TEST(Yaml, BoundsTheDepthAlsoThroughAliases) {
  const std::string deep =
      std::string(kMaxYamlDepth + 1, '[') + std::string(kMaxYamlDepth + 1, ']');
  EXPECT_EQ(read(deep).mistakes.at(0).what, "too deep");
  EXPECT_TRUE(read(deep.substr(1, deep.size() - 2)).mistakes.empty());
  EXPECT_FALSE(read(std::string(100'000, '[')).complete);
  const std::string half(kMaxYamlDepth / 2 + 1, '['), other_half(kMaxYamlDepth / 2 + 1, ']');
  EXPECT_EQ(
      read("a: &a " + half + other_half + "\nb: " + half + "*a" + other_half).mistakes.at(0).what,
      "too deep");
}

TEST(Yaml, RefusesTagsItDoesNotUnderstand) {
  EXPECT_TRUE(read("a: !!str 12\n").root.entries.at(0).value.quoted);
  EXPECT_EQ(mistakes_in("a: !secret x\n"),
            "g.yaml:1:4: the tag \"!secret\" is not understood, expected no tag, or !!str\n");
}

TEST(Yaml, RefusesNamesThatAreNoText) {
  EXPECT_EQ(mistakes_in("? [a]\n: 1\n"),
            "g.yaml:1:3: a name is a list, expected text before the colon\n");
  EXPECT_EQ(mistakes_in("~: 1\n"), "g.yaml:1:1: a name is empty, expected text before the colon\n");
}

TEST(Yaml, RefusesASecondDocument) {
  EXPECT_EQ(mistakes_in("a: 1\n---\nb: 2\n"),
            "g.yaml:3:1: a second document, expected one document\n");
  EXPECT_TRUE(read("%YAML 1.2\n---\na: 1\n...\n").mistakes.empty());
}

TEST(Yaml, RefusesBytesThatAreNoText) {
  EXPECT_EQ(mistakes_in("a: 1\nb: \xff\n"), "g.yaml:2:1: bytes that are no text, expected UTF-8\n");
  EXPECT_TRUE(read("a: \xef\xbf\xbd\xc3\xa4\n").mistakes.empty());
}

TEST(Yaml, ExplainsTabs) {
  const std::string text = mistakes_in("a:\n\tb: 1\n");
  EXPECT_NE(text.find("expected spaces"), std::string::npos) << text;
}

TEST(Yaml, ShortensLongTextsBetweenCharacters) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = std::string(59, 'x') + "\xc3\xa4" + std::string(9, 'y');
  EXPECT_EQ(node.shown(), "\"" + std::string(59, 'x') + "...\"");
}

}  // namespace hyalite

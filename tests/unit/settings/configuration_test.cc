// SPDX-License-Identifier: MIT
#include "settings/configuration.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

struct Read {
  PluginConfiguration configuration;
  Mistakes mistakes;
};

Read read(std::string_view yaml) {
  Read result;
  const YamlRead tree = read_yaml(yaml, "g.yaml");
  result.mistakes = tree.mistakes;
  result.configuration =
      read_configuration(tree.root, "plugins[0].settings", "g.yaml", result.mistakes);
  return result;
}

// The JSON of one value.
std::string json_of_value(const std::string& value) {
  const Read result = read("v: " + value);
  if (!result.mistakes.empty()) return "mistake: " + result.mistakes[0].expected;
  const std::string& json = result.configuration.json;
  return json.substr(5, json.size() - 6);
}

}  // namespace

TEST(Configuration, ReadsValuesAsYaml12Does) {
  const std::pair<const char*, const char*> cases[] = {
      {"true", "true"},
      {"False", "false"},
      {"~", "null"},
      {"", "null"},
      {"0", "0"},
      {"-0", "0"},
      {"+7", "7"},
      {"-12", "-12"},
      {"0x1F", "31"},
      {"0o17", "15"},
      {"2.50", "2.5"},
      {"1e3", "1000.0"},
      {".5", "0.5"},
      {"5.", "5.0"},
      {"-1.5E-2", "-0.015"},
      {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"yes", "\"yes\""},
      {"off", "\"off\""},
      {"1_000", "\"1_000\""},
      {"12:30", "\"12:30\""},
      {"10.0.0.1", "\"10.0.0.1\""},
      {"\"12\"", "\"12\""},
      {"!!str 12", "\"12\""},
      {"a\"b", "\"a\\\"b\""},
      {"e5", "\"e5\""},
      {".", "\".\""},
      {"0x", "\"0x\""},
      {"1e", "\"1e\""},
  };
  for (const auto& [yaml, json] : cases) EXPECT_EQ(json_of_value(yaml), json) << yaml;
}

TEST(Configuration, RefusesWhatJsonCannotHoldOrReadersDisagreeAbout) {
  for (const char* bad : {"0123", "-007", "00.5", ".inf", "-.Inf", ".nan", "18446744073709551616",
                          "-9223372036854775809", "1e999", "0xfffffffffffffffff"}) {
    EXPECT_EQ(json_of_value(bad).substr(0, 8), "mistake:") << bad;
    EXPECT_EQ(json_of_value('"' + std::string(bad) + '"'), '"' + std::string(bad) + '"');
  }
}

TEST(Configuration, KeepsTheOrderAndKnowsThePlaceOfEverything) {
  const auto [configuration, mistakes] = read("zebra: 1\napple:\n  - {b~/c: x}\n");
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(configuration.json, R"({"zebra":1,"apple":[{"b~/c":"x"}]})");
  EXPECT_EQ(configuration.positions.at("/apple/0/b~0~1c").line, 3u);
  EXPECT_EQ(configuration.positions.at("/apple/0/b~0~1c").column, 12u);
  EXPECT_EQ(configuration.names.at("/apple/0/b~0~1c").column, 6u);
  EXPECT_EQ(configuration.positions.at("").line, 1u);
}

TEST(Configuration, IsAnEmptyObjectWhenNothingIsSet) {
  EXPECT_EQ(read("").configuration.json, "{}");
}

TEST(Configuration, WantsAMapping) {
  EXPECT_EQ(text_of(read("[1]").mistakes),
            "g.yaml:1:1: plugins[0].settings is a list, expected a mapping\n");
}

TEST(Configuration, BoundsEachTextAndName) {
  EXPECT_TRUE(read("? " + std::string(kMaxPluginNameBytes, 'x') + "\n: 1\n").mistakes.empty());
  EXPECT_EQ(read("? " + std::string(kMaxPluginNameBytes + 1, 'x') + "\n: 1\n").mistakes.size(), 1u);
  EXPECT_EQ(json_of_value(std::string(kMaxPluginTextBytes, 'x')).size(), kMaxPluginTextBytes + 2);
  EXPECT_EQ(json_of_value(std::string(kMaxPluginTextBytes + 1, 'x')).substr(0, 8), "mistake:");
}

}  // namespace hyalite

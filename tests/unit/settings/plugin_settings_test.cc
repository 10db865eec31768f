// SPDX-License-Identifier: MIT
#include "settings/plugin_settings.h"

#include <gtest/gtest.h>

#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr std::string_view kSchema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": {
    "file": {"type": "string", "minLength": 1},
    "format": {"enum": ["ndjson", "har"]},
    "keep": {"type": "integer", "minimum": 1, "maximum": 99},
    "hosts": {"type": "array", "items": {"type": "string", "pattern": "^[a-z.]+$"}},
    "request": {"$ref": "#/definitions/edits"},
    "answer": {"anyOf": [{"enum": ["page", "reset"]}, {"type": "integer", "minimum": 400}]}
  },
  "required": ["file"],
  "additionalProperties": false,
  "definitions": {
    "edits": {"type": "array", "items": {"oneOf": [
      {"type": "object", "properties": {"remove": {"type": "string"}}, "required": ["remove"], "additionalProperties": false},
      {"type": "object", "properties": {"set": {"type": "string"}, "to": {"type": "string"}}, "required": ["set", "to"],
       "additionalProperties": false}
    ]}}
  }
})";

PluginSettings plugin_with(std::string_view settings) {
  const std::string yaml =
      "listeners: [{address: \"[::]:1\"}]\nplugins:\n- name: audit\n  use: http-logger\n  "
      "settings:\n" +
      std::string(settings);
  SettingsRead read = read_settings(yaml, "g.yaml");
  EXPECT_TRUE(read) << text_of(read.mistakes);
  return read.settings.plugins.at(0);
}

std::string mistakes_in(std::string_view settings, std::string_view schema = kSchema) {
  return text_of(check_plugin_settings(plugin_with(settings), 0, schema, "g.yaml"));
}

}  // namespace

TEST(PluginSettings, AllowsWhatTheSchemaAllows) {
  EXPECT_EQ(mistakes_in("    file: a\n    keep: 99\n    hosts: [a.b]\n    answer: 403\n"
                        "    request: [{remove: X}, {set: Y, to: \"1\"}]\n"),
            "");
  EXPECT_EQ(mistakes_in("    anything: [1]\n", ""), "");
}

TEST(PluginSettings, FindsEveryMistakeWithItsPlace) {
  EXPECT_EQ(
      mistakes_in(
          "    fil: a\n    keep: 100\n    format: nd-json\n    hosts: [a.b, 7, A]\n    zebra: 1\n"),
      "g.yaml:6:5: unknown setting \"fil\" of audit (did you mean \"file\"?)\n"
      "g.yaml:6:5: plugins[0].settings has no \"file\", expected text of at least 1 characters\n"
      "g.yaml:7:11: plugins[0].settings.keep is 100, expected a whole number from 1 to 99\n"
      "g.yaml:8:13: plugins[0].settings.format is \"nd-json\", expected \"ndjson\" or \"har\" (did "
      "you mean "
      "\"ndjson\"?)\n"
      "g.yaml:9:18: plugins[0].settings.hosts[1] is 7, expected text that matches ^[a-z.]+$\n"
      "g.yaml:9:21: plugins[0].settings.hosts[2] is \"A\", expected text that matches ^[a-z.]+$\n"
      "g.yaml:10:5: unknown setting \"zebra\" of audit, expected one of answer, file, format, "
      "hosts, keep or "
      "request\n");
}

TEST(PluginSettings, ExplainsTheAlternativeThatWasMeant) {
  EXPECT_EQ(mistakes_in("    file: a\n    request:\n    - {set: X, to: 1}\n"),
            "g.yaml:8:20: plugins[0].settings.request[0].to is 1, expected text\n");
}

TEST(PluginSettings, TellsTheAlternativeThatWasMeantByItsNames) {
  EXPECT_EQ(mistakes_in("    file: a\n    request:\n    - {set: X}\n"),
            "g.yaml:8:7: plugins[0].settings.request[0] has no \"to\", expected text\n");
  const char* schema = R"({"properties": {"a": {"oneOf": [
    {"properties": {"b": {"type": "string"}}, "required": ["b"]},
    {"properties": {"b": {"type": "string"}, "c": {}}, "required": ["b", "c"]}]}}})";
  EXPECT_EQ(mistakes_in("    a: {b: 1}\n", schema),
            "g.yaml:6:12: plugins[0].settings.a.b is 1, expected text\n");
}

TEST(PluginSettings, NamesAllAlternativesWhenNoneWasMeant) {
  EXPECT_EQ(mistakes_in("    file: a\n    request:\n    - {remov: X}\n"),
            "g.yaml:8:7: plugins[0].settings.request[0] is a mapping, expected a mapping with "
            "\"remove\" or a mapping with "
            "\"set\" and \"to\"\n"
            "g.yaml:8:8: unknown setting \"remov\" of audit (did you mean \"remove\"?)\n");
  EXPECT_EQ(mistakes_in("    file: a\n    answer: [1]\n"),
            "g.yaml:7:13: plugins[0].settings.answer is a list, expected \"page\" or \"reset\" or "
            "a whole number of at "
            "least 400\n");
}

TEST(PluginSettings, TellsTheAlternativeThatWasMeantByItsType) {
  EXPECT_EQ(mistakes_in("    file: a\n    answer: pag\n"),
            "g.yaml:7:13: plugins[0].settings.answer is \"pag\", expected \"page\" or \"reset\" "
            "(did you mean "
            "\"page\"?)\n");
  EXPECT_EQ(
      mistakes_in("    file: a\n    answer: 399\n"),
      "g.yaml:7:13: plugins[0].settings.answer is 399, expected a whole number of at least 400\n");
}

TEST(PluginSettings, PointsAtTheSettingsWhenTheyAreMissing) {
  EXPECT_EQ(
      mistakes_in("    # file: a\n"),
      "g.yaml:5:3: plugins[0].settings has no \"file\", expected text of at least 1 characters\n");
}

TEST(PluginSettings, NeverAllowsInSilenceWhatTheSchemaRefuses) {
  for (const char* schema : {R"({"not": {"required": ["a"]}})", R"({"maxProperties": 0})", "false",
                             R"({"propertyNames": {"pattern": "^b"}})",
                             R"({"properties": {"a": false}})", R"({"dependencies": {"a": ["b"]}})",
                             R"({"if": {"required": ["a"]}, "then": {"required": ["b"]}})",
                             R"({"allOf": [{"required": ["b"]}]})",
                             R"({"patternProperties": {"^a": {"type": "string"}}})",
                             R"({"additionalProperties": {"type": "string"}})"}) {
    EXPECT_NE(mistakes_in("    a: 1\n", schema), "") << schema;
  }
}

TEST(PluginSettings, BlamesTheAuthorOfASchemaThatCannotBeUsed) {
  for (
      const char* schema :
      {"{", R"({"$ref": "#"})", R"({"anyOf": [{"$ref": "#"}, {}]})",
       R"({"allOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"not": {"$ref": "#/definitions/b"}}, "b": {"$ref": "#/definitions/a"}}})",
       "[]", R"({"type": 7})", R"({"$ref": "http://example.invalid/x"})",
       R"({"$ref": "#/nowhere"})", R"({"properties": {"a": {"pattern": "("}}})"}) {
    const std::string text = mistakes_in("    a: x\n", schema);
    EXPECT_NE(text.find("the settings schema of plugin http-logger cannot be used"),
              std::string::npos)
        << schema << text;
  }
}

TEST(PluginSettings, AllowsASchemaThatDescribesATree) {
  const char* tree = R"({"type": "object", "additionalProperties": {"$ref": "#"}})";
  EXPECT_EQ(mistakes_in("    a: {b: {c: {}}}\n", tree), "");
  EXPECT_EQ(mistakes_in("    a: {b: {c: 1}}\n", tree),
            "g.yaml:6:16: plugins[0].settings.a.b.c is 1, expected a mapping\n");
}

TEST(PluginSettings, AsksNoPatternAboutATextThatWouldExhaustTheStack) {
  const std::string longest = "    a: " + std::string(kMaxPatternTextBytes, 'x') + "\n";
  const std::string longer = "    a: " + std::string(kMaxPatternTextBytes + 1, 'x') + "\n";
  const std::string in_list = "    a: [{b: " + std::string(60'000, 'x') + "}]\n";
  constexpr std::string_view kRefused =
      "bytes, expected at most 1024 where the plugin asks for a pattern\n";
  const char* direct = R"({"properties": {"a": {"pattern": "^(x|y)*$"}, "b": {}}})";
  EXPECT_EQ(mistakes_in(longest, direct), "");
  EXPECT_EQ(mistakes_in(longer, direct),
            "g.yaml:6:8: plugins[0].settings.a has 1025 " + std::string(kRefused));
  for (
      const char* schema :
      {R"({"additionalProperties": {"$ref": "#/definitions/d"}, "definitions": {"d": {"pattern": "^(x|y)*$"}}})",
       R"({"anyOf": [{}, {"not": {"patternProperties": {".": {"format": "date"}}}}]})"}) {
    EXPECT_NE(mistakes_in(longer, schema).find(kRefused), std::string::npos) << schema;
  }
  const char* deep =
      R"({"properties": {"a": {"items": {"properties": {"b": {"pattern": "^(x|y)*$"}}}}}})";
  EXPECT_NE(mistakes_in(in_list, deep).find(kRefused), std::string::npos);
  EXPECT_EQ(
      mistakes_in(in_list, R"({"properties": {"a": {"type": "array"}, "b": {"pattern": "y"}}})"),
      "");
}

TEST(PluginSettings, PlacesAMistakeThatThePluginFound) {
  const PluginSettings plugin = plugin_with("    hosts:\n    - a/b: x\n");
  EXPECT_EQ(plugin_mistake(plugin, 2, "/hosts/0/a~1b", "no such list", "g.yaml").text(),
            "g.yaml:7:12: plugins[2].settings.hosts[0].a/b: no such list");
  EXPECT_EQ(plugin_mistake(plugin, 2, "/hosts/7", "no such list", "g.yaml").text(),
            "g.yaml:7:5: plugins[2].settings.hosts: no such list");
  EXPECT_EQ(plugin_mistake(plugin, 2, "rubbish", "no", "g.yaml").text(),
            "g.yaml:6:5: plugins[2].settings: no");
}

}  // namespace hyalite

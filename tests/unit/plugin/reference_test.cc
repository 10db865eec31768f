// The README of each plugin that comes with Hyalite: its settings are those of its schema, its
// example works. SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "plugin/library.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBegin =
    "<!-- Made from the schema: HYALITE_WRITE_REFERENCES=1 build/dev/bin/test_plugin "
    "--gtest_filter='*References*' -->\n";
constexpr std::string_view kEnd = "<!-- end of the settings -->\n";

const Json& resolved(const Json& schema, const Json& root) {
  return schema.contains("$ref") ? root.at(nlohmann::ordered_json::json_pointer(
                                       schema["$ref"].get<std::string>().substr(1)))
                                 : schema;
}

std::string code(const Json& value) {
  return "`" + (value.is_string() ? value.get<std::string>() : value.dump()) + "`";
}

std::string kind(const Json& schema, const Json& root) {
  const Json& it = resolved(schema, root);
  std::string text;
  for (const char* either : {"oneOf", "anyOf"}) {
    if (!it.contains(either)) continue;
    for (const Json& one : it[either]) text += (text.empty() ? "" : " or ") + kind(one, root);
    return text;
  }
  if (it.contains("enum")) {
    for (const Json& value : it["enum"]) text += (text.empty() ? "" : ", ") + code(value);
    return text;
  }
  if (it.contains("type") && it["type"].is_array()) {
    for (const Json& one : it["type"])
      text += (text.empty() ? "" : " or ") + kind({{"type", one}}, root);
    return text;
  }
  const auto type = it.value("type", "");
  if (type == "array") return "list of: " + kind(it["items"], root);
  if (type == "object") return "mapping";
  if (type == "boolean") return "`true`, `false`";
  if (type == "integer" && it.contains("minimum") && it.contains("maximum"))
    return it["minimum"].dump() + " to " + it["maximum"].dump();
  return type == "string" ? "text" : type;
}

// A line for each setting, and below it for those inside of it.
void add_rows(const std::string& prefix, const Json& schema, const Json& root, std::string& out) {
  const Json& it = resolved(schema, root);
  for (const char* either : {"oneOf", "anyOf"}) {
    if (!it.contains(either)) continue;
    for (const Json& one : it[either]) add_rows(prefix, one, root, out);
  }
  if (it.contains("items")) return add_rows(prefix + "[]", it["items"], root, out);
  if (!it.contains("properties")) return;
  for (const auto& [name, inner] : it["properties"].items()) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    const Json& target = resolved(inner, root);
    const std::string what = inner.value("description", target.value("description", ""));
    EXPECT_NE(what, "") << path << " has no description";
    out += "| `" + path + "` | " + kind(inner, root) + " | " +
           (target.contains("default") ? code(target["default"]) : "") + " | " + what + " |\n";
    add_rows(path, inner, root, out);
  }
}

std::string reference(const std::string& plugin) {
  const auto library = Library::open(std::string(PLUGIN_DIR) + "/" + plugin + ".so");
  EXPECT_TRUE(library) << plugin;
  const Json schema = Json::parse(library->settings_schema());
  std::string out = "| setting | value | default | |\n|---|---|---|---|\n";
  add_rows("", schema, schema, out);
  return out;
}

std::string readme_of(const std::string& plugin) {
  return std::string(HYALITE_SOURCE_DIR) + "/plugins/" + plugin + "/README.md";
}

class Readme : public ::testing::TestWithParam<const char*> {};

TEST_P(Readme, ReferencesEverySettingOfTheSchema) {
  const std::string path = readme_of(GetParam());
  std::string text = read_file(path);
  const auto begin = text.find(kBegin), end = text.find(kEnd);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos)
      << path << " has no place for the settings";
  const std::size_t start = begin + kBegin.size();
  const std::string wanted = reference(GetParam());
  if (std::getenv("HYALITE_WRITE_REFERENCES") != nullptr) {
    std::ofstream(path, std::ios::binary) << text.replace(start, end - start, wanted);
    return;
  }
  EXPECT_EQ(text.substr(start, end - start), wanted) << "HYALITE_WRITE_REFERENCES=1 writes it";
}

INSTANTIATE_TEST_SUITE_P(Of, Readme, ::testing::Values("http-logger", "header-rewriter", "blocker"),
                         [](const auto& of) {
                           std::string name = of.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace hyalite

// Whatever stands in a settings file, reading it ends, and ends with sensible mistakes.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "settings/json.h"
#include "settings/plugin_settings.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr std::string_view kSchema =
    R"({"type":"object","properties":{"hosts":{"type":"array","items":{"type":"string",
  "pattern":"^[a-z.]+$"}},"request":{"items":{"oneOf":[{"required":["remove"]},{"required":["set","to"]}]}}},
  "additionalProperties":false})";

std::vector<std::string> seeds() {
  std::vector<std::string> texts = {
      "listeners:\n  - &l {address: \"[::]:8080\", protocols: {tls: pass}}\nplugins:\n  - name: "
      "a\n    use: blocker\n"
      "    settings: {hosts: [a.b, 1.5, ~, 0x1f], request: [{remove: X}, {set: Y, to: \"1\"}], "
      "more: *l}\n",
      "a: &a [1, &b {x: *a}]\nb: |\n  text\n  more\nc: >-\n  folded\n? [complex]\n: 1\n--- "
      "{}\n...\n!!str d: !x 1\n"};
  for (const char* name : {"gateway.yaml", "default.yaml"}) {
    std::ostringstream text;
    text << std::ifstream(std::string(HYALITE_SOURCE_DIR) + "/config/" + name).rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string mutated(std::string text) {
    const std::size_t times = 1 + below(8);
    for (std::size_t i = 0; i < times; ++i) mutate(text);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void mutate(std::string& text) {
    static constexpr std::string_view kPieces[] = {
        "\n",  "  ",  "\t", ": ", "- ",  "[",  "]",   "{",    "}",        "&a ",
        "*a",  "\"",  "'",  "|",  ">",   "#",  "---", "...",  "!!str ",   "%YAML 9\n",
        "? ",  "<<:", "~",  ",",  "\r",  "@",  "`",   "\xff", "\xc3\xa4", "18446744073709551616",
        "1e9", "-",   ".",  "0x", "\\u", "\\", "/",   "none", "listeners"};
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min(below(20), text.size() - at);
    switch (below(5)) {
      case 0:
        text.insert(at, kPieces[below(std::size(kPieces))]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(below(text.size() + 1), text.substr(at, length));
        break;
      case 3:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
    }
  }

  std::mt19937 random_;
};

void expect_sensible(const Mistakes& mistakes, const std::string& text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 2;
  for (const Mistake& mistake : mistakes) {
    EXPECT_LE(mistake.position.line, lines) << text;
    EXPECT_FALSE(mistake.what.empty()) << text;
    EXPECT_EQ(mistake.text().find('\n'), std::string::npos) << text;
    EXPECT_TRUE(JsonDocument::parse(mistake.json())) << text;
  }
}

}  // namespace

TEST(Mutation, NoFileBreaksTheReader) {
  const auto texts = seeds();
  Mutator mutator(20240601);
  for (std::size_t i = 0; i < 4'000; ++i) {
    const std::string text = mutator.mutated(texts[i % texts.size()]);
    const SettingsRead read = read_settings(text, "g.yaml");
    expect_sensible(read.mistakes, text);
    for (std::size_t k = 0; k < read.settings.plugins.size(); ++k) {
      const PluginSettings& plugin = read.settings.plugins[k];
      EXPECT_TRUE(JsonDocument::parse(plugin.settings.json)) << plugin.settings.json;
      expect_sensible(check_plugin_settings(plugin, k, kSchema, "g.yaml"), text);
    }
    if (HasFailure()) return;
  }
}

TEST(Mutation, NoBytesBreakTheReader) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random() % 128);
    expect_sensible(read_settings(text, "g.yaml").mistakes, text);
    if (HasFailure()) return;
  }
}

TEST(Mutation, LargeFilesOfOneKindEndSoon) {
  for (const std::string& piece :
       {std::string("["), std::string("a: "), std::string("- "), std::string("? "),
        std::string("{a: "), std::string("&a "), std::string("'"), std::string("\n"),
        std::string("[],"), std::string("a,"), std::string("!a "), std::string("\"\\"),
        std::string("|\n"), std::string("--- \n")}) {
    std::string text;
    while (text.size() < kMaxSettingsFileBytes / 2) text += piece;
    EXPECT_FALSE(read_settings(text, "g.yaml")) << piece;
    EXPECT_FALSE(read_settings("plugins: [" + text, "g.yaml")) << piece;
  }
}

}  // namespace hyalite

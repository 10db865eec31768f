// The SDK's headers keep the rules that they state.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <hyalite/plugin.h>

#include <algorithm>
#include <cstddef>
#include <regex>
#include <set>

#include "plugin/hook.h"
#include "unit/plugin/loaded.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

const std::vector<std::string> kHeaders{"abi.h",  "async.h", "body.h", "channel.h",  "fetch.h", "flow.h",
                                        "host.h", "http.h",  "notes.h", "plugin.h", "tls.h", "ws.h"};

std::string header(const std::string& name) {
  return read_file(HYALITE_SOURCE_DIR "/sdk/include/hyalite/" + name);
}

std::set<std::string> hook_names() {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kFlowHookCount; ++i) names.insert(name(static_cast<Hook>(i)));
  return names;
}

std::string without_comments(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = text.find("/*", at);
    out += text.substr(at, open - at);
    if (open == std::string::npos) break;
    at = text.find("*/", open) + 2;
  }
  return out;
}

// One function of a table: its name, and the comment before it.
struct Function {
  std::string name, comment;
};

std::vector<Function> functions_of(const std::string& text) {
  std::vector<Function> functions;
  const std::regex member(R"(\n  [a-z_0-9 \*]*[ \*]\(\*([a-z_]+)\)\()");
  for (std::sregex_iterator at(text.begin(), text.end(), member), end; at != end; ++at) {
    const auto before = static_cast<std::size_t>(at->position());
    const auto open = text.rfind("/*", before);
    const auto close = text.rfind("*/", before);
    const bool adjacent = close != std::string::npos && close + 2 == before;
    functions.push_back({(*at)[1], adjacent ? text.substr(open + 2, close - open - 2) : ""});
  }
  return functions;
}

void check_tags(const Function& function) {
  static const std::regex tags(R"(^\s*(?:\[[^\]]*\]\s*)+)");
  static const std::regex tag(R"(\[([a-z]+)(?:: ([a-z_, \n\*]+))?\])");
  static const std::set<std::string> known{"entry", "create", "start",    "worker", "hook",
                                           "any",   "copies", "deferred", "lives"};
  static const std::set<std::string> lives{"hook", "create", "process"};
  std::smatch found;
  ASSERT_TRUE(std::regex_search(function.comment, found, tags)) << function.name << " has no tags";
  const std::string all = found[0];
  for (std::sregex_iterator at(all.begin(), all.end(), tag), end; at != end; ++at) {
    EXPECT_TRUE(known.count((*at)[1])) << function.name << ": " << (*at)[0];
    const std::string list = (*at)[2];
    static const std::regex word("[a-z_]+");
    for (std::sregex_iterator w(list.begin(), list.end(), word), last; w != last; ++w) {
      const bool is_fine =
          (*at)[1] == "lives" ? lives.count(w->str()) > 0 : hook_names().count(w->str()) > 0;
      EXPECT_TRUE(is_fine) << function.name << ": " << w->str();
    }
  }
}

TEST(Sdk, EveryFunctionSaysWhenItMayBeCalled) {
  std::size_t count = 0;
  for (const std::string& name : kHeaders) {
    for (const Function& function : functions_of(header(name))) {
      check_tags(function);
      ++count;
    }
  }
  EXPECT_GE(count, 80u);  // else the search itself is wrong
}

TEST(Sdk, NothingButPlainCCrosses) {
  const std::regex forbidden(R"(\b(bool|long|short|errno|va_list|FILE|time_t|off_t|std::)\b)");
  for (const std::string& name : kHeaders) {
    const std::string code = without_comments(header(name));
    std::smatch found;
    EXPECT_FALSE(std::regex_search(code, found, forbidden)) << name << ": " << found.str();
    // Enums have names for values; fields are numbers.
    EXPECT_FALSE(std::regex_search(code, std::regex(R"(\n\s+enum \w+ \w+;)"))) << name;
  }
}

TEST(Sdk, WhatNeverMovesIsWhereItWas) {
  static_assert(
      offsetof(hyalite_descriptor, magic) == 0 && offsetof(hyalite_descriptor, abi_major) == 4 &&
      offsetof(hyalite_descriptor, abi_minor) == 6 && offsetof(hyalite_descriptor, size) == 8 &&
      offsetof(hyalite_descriptor, flags) == 12);
  static_assert(offsetof(hyalite_elf_note, abi_major) == 20 && sizeof(hyalite_elf_note) == 156);
  static_assert(sizeof(hyalite_header) == 40 && sizeof(hyalite_address) == 24);
}

TEST(Sdk, ThePhaseChartHasEveryHook) {
  const std::string readme = read_file(HYALITE_SOURCE_DIR "/sdk/README.md");
  for (const std::string& hook : hook_names())
    EXPECT_TRUE(contains(readme, "| `" + hook + "` |")) << hook;
}

// The same plugin, built in other ways (see tests/CMakeLists.txt), works in one chain.
TEST(Sdk, PluginsMayBeBuiltInManyWays) {
  std::string chain;
  const std::vector<std::string> ways{"cpp17", "cpp23", "no_exceptions", "short_enums"};
  for (const std::string& way : ways) {
    std::string name = way;
    std::replace(name.begin(), name.end(), '_', '-');
    chain += "  - { name: " + name + ", use: " BUILD_DIR "/test_plugins/hello_" + way +
             ".so, settings: { greeting: " + way + " } }\n";
  }
  Loaded loaded(chain);
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  HookTalk talk(loaded.start());
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  EXPECT_EQ(talk.exchange.request->find("X-Hello")->value, ways.back());
}

}  // namespace
}  // namespace hyalite

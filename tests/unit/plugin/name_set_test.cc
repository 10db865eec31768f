// Sets of host names: what covers what, in any number.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <hyalite/cpp/name_set.hpp>

#include <map>
#include <random>
#include <string>

namespace hyalite {
namespace {

std::string normal(std::string_view text) { return std::string(HostName(text).text()); }

TEST(HostName, IsOneFormOfEachName) {
  EXPECT_EQ(normal("A.Example."), "a.example");
  EXPECT_EQ(normal("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(normal("_dmarc.example"), "_dmarc.example");
  EXPECT_TRUE(HostName(std::string(63, 'a')));
  for (const std::string& none :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a b"),
        std::string("a/"), std::string(64, 'a'), std::string("a\0", 2), std::string("\xff"),
        std::string("a..")}) {
    EXPECT_FALSE(HostName(none)) << none;
    EXPECT_EQ(normal(none), "");
  }
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(HostName(longest + "b"));
  EXPECT_TRUE(HostName(longest + "b."));
  EXPECT_FALSE(HostName(longest + "bc"));
}

NameSet set_of(std::initializer_list<std::pair<const char*, NameSet::Covers>> names) {
  NameSet::Builder builder;
  std::uint32_t value = 0;
  for (const auto& [name, covers] : names) builder.add(name, covers, value++);
  return std::move(builder).build();
}

std::string found(const NameSet& set, std::string_view name) {
  const auto match = set.find(name);
  return match ? std::string(match->name) + " " + std::to_string(match->value) : "-";
}

TEST(NameSet, CoversANameAloneOrAllThatIsBelowIt) {
  const NameSet set = set_of({{"alone.example", NameSet::itself},
                              {"all.example", NameSet::with_subdomains},
                              {"org", NameSet::with_subdomains}});
  EXPECT_EQ(found(set, "alone.example"), "alone.example 0");
  EXPECT_EQ(found(set, "x.alone.example"), "-");
  EXPECT_EQ(found(set, "all.example"), "all.example 1");
  EXPECT_EQ(found(set, "a.b.all.example"), "all.example 1");
  EXPECT_EQ(found(set, "x.y.org"), "org 2");
  for (const char* other :
       {"", "example", "ball.example", "all.example.net", "all.exampl", "ll.example", ".", "a."})
    EXPECT_EQ(found(set, other), "-") << other;
  EXPECT_EQ(found(NameSet(), "a"), "-");
}

TEST(NameSet, FindsTheNearestEntry) {
  const NameSet set = set_of({{"a.b.c", NameSet::with_subdomains},
                              {"c", NameSet::with_subdomains},
                              {"x.b.c", NameSet::itself}});
  EXPECT_EQ(found(set, "a.b.c"), "a.b.c 0");
  EXPECT_EQ(found(set, "z.a.b.c"), "a.b.c 0");
  EXPECT_EQ(found(set, "b.c"), "c 1");
  EXPECT_EQ(found(set, "x.b.c"), "x.b.c 2");
  // What covers itself alone does not hide what is above it.
  EXPECT_EQ(found(set, "y.x.b.c"), "c 1");
}

TEST(NameSet, KeepsTheFirstValueAndTheWiderCover) {
  NameSet::Builder builder;
  EXPECT_EQ(builder.add("a.example", NameSet::itself, 1), NameSet::Builder::added);
  EXPECT_EQ(builder.add("a.example", NameSet::with_subdomains, 2), NameSet::Builder::known);
  EXPECT_EQ(builder.add("a.example", NameSet::itself, 3), NameSet::Builder::known);
  EXPECT_EQ(builder.add("b.example", NameSet::itself, NameSet::kMostValue),
            NameSet::Builder::added);
  EXPECT_EQ(builder.size(), 2u);
  const NameSet set = std::move(builder).build();
  EXPECT_EQ(found(set, "x.a.example"), "a.example 1");
  EXPECT_EQ(set.find("b.example")->value, NameSet::kMostValue);
}

// Against a map, with names that lie above and below each other.
TEST(NameSet, FindsWhatWasAddedAndNothingElse) {
  std::mt19937 random(1);
  const auto label = [&](unsigned most) { return "l" + std::to_string(random() % most); };
  std::map<std::string, std::pair<NameSet::Covers, std::uint32_t>, std::less<>> names;
  NameSet::Builder builder;
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    std::string name = label(4);
    for (auto depth = random() % 4; depth > 0; --depth) name = label(40) + "." + name;
    const auto covers = random() % 2 == 0 ? NameSet::itself : NameSet::with_subdomains;
    const bool is_new = names.emplace(name, std::pair(covers, i)).second;
    if (!is_new && covers == NameSet::with_subdomains) names[name].first = covers;
    EXPECT_EQ(builder.add(name, covers, i) == NameSet::Builder::added, is_new);
  }
  const NameSet set = std::move(builder).build();
  EXPECT_EQ(set.size(), names.size());
  const auto expected = [&](std::string_view name) -> std::string {
    for (std::string_view at = name;;) {
      const auto it = names.find(at);
      if (it != names.end() && (at == name || it->second.first == NameSet::with_subdomains))
        return it->first + " " + std::to_string(it->second.second);
      const auto dot = at.find('.');
      if (dot == std::string_view::npos) return "-";
      at.remove_prefix(dot + 1);
    }
  };
  for (int i = 0; i < 100'000; ++i) {
    std::string name = label(5);
    for (auto depth = random() % 6; depth > 0; --depth) name = label(45) + "." + name;
    ASSERT_EQ(found(set, name), expected(name)) << name;
  }
  for (const auto& [name, entry] : names)
    ASSERT_EQ(found(set, name), name + " " + std::to_string(entry.second));
}

TEST(NameSet, FindsWhatIsNoHostNameByItsEnd) {
  NameSet::Builder builder;
  builder.add("b.example", NameSet::with_subdomains, 1);
  builder.add("c.example", NameSet::itself, 2);
  const NameSet set = std::move(builder).build();
  for (const char* below : {"x!y.b.example", ".b.example", "..b.example", "[::].b.example"}) EXPECT_EQ(found(set, below), "b.example 1") << below;
  EXPECT_EQ(found(set, std::string(200, '.') + "b.example"), "b.example 1");
  for (const char* other : {"x!b.example", "b.example.", ".c.example", "x!y.c.example", "...", "!"}) EXPECT_EQ(found(set, other), "-") << other;
}

TEST(NameSet, TakesTwelveBytesANameBesideTheName) {
  NameSet::Builder builder;
  constexpr std::size_t kNames = 200'000;
  std::size_t text = 0;
  for (std::size_t i = 0; i < kNames; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example";
    text += name.size();
    builder.add(name, NameSet::with_subdomains, 0);
  }
  const NameSet set = std::move(builder).build();
  EXPECT_LT(set.bytes(), text + 13 * kNames + (std::size_t{1} << 20));
}

}  // namespace
}  // namespace hyalite

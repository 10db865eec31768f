// SPDX-License-Identifier: MIT
#include "settings/mistake.h"

#include <gtest/gtest.h>

#include "settings/json.h"

namespace hyalite {

TEST(Mistake, PrintsOnlyThePartsItHas) {
  EXPECT_EQ((Mistake{"g.yaml", {3, 7}, "a.b", "a.b is 1", "text", "one"}.text()),
            "g.yaml:3:7: a.b is 1, expected text (did you mean \"one\"?)");
  EXPECT_EQ((Mistake{"g.yaml", {}, "", "too large", "", ""}.text()), "g.yaml: too large");
}

TEST(Mistake, IsValidJsonWhateverItHolds) {
  const Mistakes mistakes = {{"g\n.yaml", {3, 7}, "a.\"b\"", "\xff", "x", ""},
                             {"g.yaml", {}, "", "too large", "", "y"}};
  const auto document = JsonDocument::parse(json_of(mistakes));
  ASSERT_TRUE(document);
  const JsonView root = document->root();
  EXPECT_EQ(root.at("/0/line").integer(), 3);
  EXPECT_EQ(root.at("/0/path").string(), "a.\"b\"");
  EXPECT_TRUE(root.at("/0/suggestion").is(JsonView::Type::null));
  EXPECT_TRUE(root.at("/1/line").is(JsonView::Type::null));
  EXPECT_EQ(json_of({}), "[]");
}

TEST(Mistake, NamesTheNearestGroupThatStandsInTheFile) {
  const Positions positions = {{"plugins", {2, 1}}, {"plugins[0]", {3, 5}}};
  EXPECT_EQ(position_of(positions, "plugins[0].grants.pass_through").line, 3u);
  EXPECT_EQ(position_of(positions, "plugins[1].use").line, 2u);
  EXPECT_EQ(position_of(positions, "limits.flows").line, 0u);
}

}  // namespace hyalite

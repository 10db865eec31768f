// Layouts: what may be declared, and where it stands.
// SPDX-License-Identifier: MIT
#include "metrics/layout.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

MetricFamily counter_family(std::string name) {
  return {.name = std::move(name), .help = "Things seen.", .bounds = {}};
}

}  // namespace

TEST(Layout, GivesSeriesOfOneFamilyConsecutiveCells) {
  Layout layout;
  layout.counter("hyalite_a_total", "A.");
  constexpr std::string_view kReasons[] = {"loop", "direct_hit", "limit"};
  const Cell refused = layout.counters("hyalite_refused_total", "Refused.", "reason", kReasons);
  const Cell last = layout.gauge("hyalite_flows", "Now.");
  EXPECT_EQ(refused.index, 1u);
  EXPECT_EQ((refused + 2).index, 3u);
  EXPECT_EQ(last.index, 4u);
  EXPECT_EQ(layout.cells(), 5u);
}

TEST(Layout, GivesAHistogramACellPerBoundTheRestAndTheSum) {
  Layout layout;
  layout.histogram("hyalite_wait_seconds", "Waits.", 1'000'000, {1'000, 10'000});
  EXPECT_EQ(layout.gauge("hyalite_flows", "Now.").index, 4u);
}

TEST(Layout, RefusesNamesThatNoExpositionCouldShow) {
  for (const char* name : {"", "flows_total", "hyalite_Flows_total", "hyalite_a b_total",
                           "hyalite_a", "hyalite_a\n_total"}) {
    EXPECT_FALSE(Layout().declare(counter_family(name), {})) << name;
  }
  EXPECT_FALSE(Layout().declare(counter_family("hyalite_" + std::string(200, 'a') + "_total"), {}));
}

TEST(Layout, RefusesLabelsThatNoExpositionCouldShow) {
  const MetricFamily family = counter_family("hyalite_a_total");
  EXPECT_FALSE(Layout().declare(family, {{"Bad", "x"}}));
  EXPECT_FALSE(Layout().declare(family, {{"le", "x"}}));
  EXPECT_FALSE(Layout().declare(family, {{"a", "\xff"}}));
  EXPECT_FALSE(Layout().declare(family, {{"a", "1"}, {"a", "2"}}));
  EXPECT_TRUE(Layout().declare(family, {{"a", "any \"text\"\n\xc3\xa4"}}));
}

TEST(Layout, LetsAFamilyGrowButNotChange) {
  Layout layout;
  MetricFamily family = counter_family("hyalite_plugin_hits_total");
  ASSERT_TRUE(layout.declare(family, {{"instance", "a"}}));
  EXPECT_TRUE(layout.declare(family, {{"instance", "b"}}));
  EXPECT_FALSE(layout.declare(family, {{"instance", "a"}})) << "declared twice";
  family.help = "Something else.";
  EXPECT_FALSE(layout.declare(family, {{"instance", "c"}}));
  EXPECT_EQ(layout.families().size(), 1u);
  EXPECT_EQ(layout.series().size(), 2u);
}

TEST(Layout, StopsWhereTheLimitIs) {
  Layout layout;
  MetricFamily family{"hyalite_h", "H.", MetricKind::histogram, 1, {}};
  for (std::uint64_t i = 1; i <= Layout::kMostBounds; ++i) family.bounds.push_back(i);
  std::size_t declared = 0;
  while (declared < 2'000 && layout.declare(family, {{"n", std::to_string(declared)}})) ++declared;
  EXPECT_EQ(declared, Layout::kMostCells / (Layout::kMostBounds + 2));
}

TEST(Layout, WantsAscendingBoundsOfHistogramsOnly) {
  EXPECT_FALSE(Layout().declare({"hyalite_h", "H.", MetricKind::histogram, 1, {}}, {}));
  EXPECT_FALSE(Layout().declare({"hyalite_h", "H.", MetricKind::histogram, 1, {2, 2}}, {}));
  EXPECT_FALSE(Layout().declare({"hyalite_h", "H.", MetricKind::gauge, 1, {1}}, {}));
}

}  // namespace hyalite

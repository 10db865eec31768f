// Sums over rows and generations, and how they are shown.
// SPDX-License-Identifier: MIT
#include "metrics/totals.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace hyalite {

namespace {

BoardView view_of(const Board& board) {
  return std::move(*BoardView::open(Fd(::fcntl(board.fd(), F_DUPFD_CLOEXEC, 0))));
}

struct Generation {
  static constexpr std::string_view kReasons[] = {"loop", "limit"};
  Layout layout;
  Cell refused = layout.counters("hyalite_refused_total", "Refused.", "reason", kReasons);
  Cell flows = layout.gauge("hyalite_flows", "Flows now.");
  HistogramPlace waits = layout.histogram("hyalite_wait_seconds", "Waits.", 1'000, {5, 1'500});
  Board board = std::move(*Board::make(std::move(layout), 2));
};

}  // namespace

TEST(Totals, AddUpRowsAndGenerations) {
  Generation old, young;
  *old.board.worker(0).cell(old.refused) = 1;
  *old.board.worker(1).cell(old.refused) = 2;
  *young.board.worker(0).cell(young.refused) = 4;
  *young.board.worker(0).cell(young.refused + 1) = 8;
  Totals totals;
  totals.add(view_of(old.board));
  totals.add(view_of(young.board));
  EXPECT_EQ(totals.value("hyalite_refused_total", {{"reason", "loop"}}), 7u);
  EXPECT_EQ(totals.value("hyalite_refused_total", {{"reason", "limit"}}), 8u);
  EXPECT_EQ(totals.sum("hyalite_refused_total"), 15u);
  EXPECT_EQ(totals.sum("hyalite_unknown_total"), 0u);
}

TEST(Totals, KeepWhatFinishedGenerationsCountedButNotTheirGauges) {
  Generation old;
  *old.board.worker(0).cell(old.refused) = 3;
  *old.board.worker(0).cell(old.flows) = 5;
  Totals totals;
  totals.add_finished(view_of(old.board));
  EXPECT_EQ(totals.sum("hyalite_refused_total"), 3u);
  EXPECT_EQ(totals.sum("hyalite_flows"), 0u);
}

TEST(Totals, AreShownAsPrometheusReadsThem) {
  Generation one;
  *one.board.worker(0).cell(one.refused + 1) = 2;
  *one.board.worker(0).cell(one.flows) = 1;
  Histogram waits = one.board.worker(1).histogram(one.waits);
  for (const std::uint64_t value : {1u, 5u, 1'000u, 2'001u}) waits.record(value);
  Totals totals;
  totals.add(view_of(one.board));
  EXPECT_EQ(totals.exposition(),
            "# HELP hyalite_flows Flows now.\n"
            "# TYPE hyalite_flows gauge\n"
            "hyalite_flows 1\n"
            "# HELP hyalite_refused_total Refused.\n"
            "# TYPE hyalite_refused_total counter\n"
            "hyalite_refused_total{reason=\"limit\"} 2\n"
            "hyalite_refused_total{reason=\"loop\"} 0\n"
            "# HELP hyalite_wait_seconds Waits.\n"
            "# TYPE hyalite_wait_seconds histogram\n"
            "hyalite_wait_seconds_bucket{le=\"0.005\"} 2\n"
            "hyalite_wait_seconds_bucket{le=\"1.5\"} 3\n"
            "hyalite_wait_seconds_bucket{le=\"+Inf\"} 4\n"
            "hyalite_wait_seconds_sum 3.007\n"
            "hyalite_wait_seconds_count 4\n");
}

TEST(Totals, EscapeWhatOthersNamed) {
  Totals totals;
  totals.add({"hyalite_x_total", "One \\ line\nor two.", MetricKind::counter, 1, {}},
             {{"instance", "a\"b\\c\nd"}}, 1);
  EXPECT_EQ(totals.exposition(),
            "# HELP hyalite_x_total One \\\\ line\\nor two.\n"
            "# TYPE hyalite_x_total counter\n"
            "hyalite_x_total{instance=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(Totals, ComeBackFromTheirText) {
  Generation one;
  *one.board.worker(0).cell(one.refused) = 11;
  one.board.worker(0).histogram(one.waits).record(7);
  Totals totals;
  totals.add(view_of(one.board));
  totals.add({"hyalite_x_total", "X.", MetricKind::counter, 1, {}}, {{"instance", "a b%\n"}}, 1);
  const auto again = Totals::parse(totals.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->exposition(), totals.exposition());
}

TEST(Totals, AreNotReadFromAnythingElse) {
  for (const char* text :
       {"x", "series 1", "family counter 1 - hyalite_a_total A\nseries",
        "family counter 1 - a A\nseries 1", "family counter 1 - hyalite_a_total A\nseries 1 x",
        "family counter 1 - hyalite_a_total A\nseries -1",
        "family counter 1 - hyalite_a_total A\nseries 1\nseries 1"}) {
    EXPECT_FALSE(Totals::parse(text)) << text;
  }
  EXPECT_TRUE(Totals::parse(""));
}

TEST(Totals, LeaveOutAFamilyThatChangedItsShape) {
  Totals totals;
  totals.add({"hyalite_x", "X.", MetricKind::gauge, 1, {}}, {}, 1);
  totals.add({"hyalite_x", "X.", MetricKind::histogram, 1, {5}}, {}, 1);
  EXPECT_EQ(totals.sum("hyalite_x"), 1u);
}

}  // namespace hyalite

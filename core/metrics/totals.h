// The numbers of many rows and boards, added up; shown as Prometheus text.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/board.h"
#include "metrics/layout.h"

namespace hyalite {

// Adds by name and labels, so boards of different generations need not look alike.
class Totals {
 public:
  // Everything on a board of a living generation.
  void add(const BoardView& board);
  // Of a generation that ended: its counters and histograms live on, its gauges do not.
  void add_finished(const BoardView& board);
  // A number that is on no board. Added to what is there already.
  void add(const MetricFamily& family, const MetricLabels& labels, std::uint64_t value);

  // One series, 0 when there is none; all series of a family (a histogram: how many values).
  std::uint64_t value(std::string_view family, const MetricLabels& labels) const;
  std::uint64_t sum(std::string_view family) const;
  // All series of one family with their labels; a histogram's first cell.
  std::vector<std::pair<MetricLabels, std::uint64_t>> series(std::string_view family) const;

  // Prometheus text exposition format 0.0.4.
  std::string exposition() const;

  // To keep and read again: what finished generations counted outlives whoever adds it up.
  std::string text() const;
  static Result<Totals> parse(std::string_view text);

 private:
  struct Family {
    MetricFamily what;
    std::map<MetricLabels, std::vector<std::uint64_t>> series;
  };

  void add(const BoardView& board, bool finished);
  std::vector<std::uint64_t>* cells(const MetricFamily& family, const MetricLabels& labels);

  std::map<std::string, Family, std::less<>> families_;
};

// The content type of exposition().
inline constexpr std::string_view kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace hyalite

// What is counted: declared once, before the workers exist.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hyalite {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

struct MetricLabel {
  std::string name, value;
  auto operator<=>(const MetricLabel&) const = default;
};
using MetricLabels = std::vector<MetricLabel>;

// The place of a number in every row of the board. Series declared by one call follow each other:
// `first + i`.
struct Cell {
  std::uint32_t index = 0;
  friend Cell operator+(Cell first, std::size_t i) {
    return {first.index + static_cast<std::uint32_t>(i)};
  }
};

// Where the numbers of one histogram are: a cell per bound, one for what is beyond them, one for
// the sum.
struct HistogramPlace {
  Cell first;
  std::uint32_t family = 0;
};

// Bytes in the board for others than counters, e.g. the table of upstream connections.
struct Region {
  std::uint32_t index = 0;
};

struct MetricFamily {
  std::string name;  // [a-z][a-z0-9_]*, beginning "hyalite_"; a counter's ends in "_total"
  std::string help;  // one sentence
  MetricKind kind = MetricKind::counter;
  // Numbers are kept as whole 1/per_unit of what is shown: 1'000'000 for microseconds shown as
  // seconds.
  std::uint64_t per_unit = 1;
  // Of a histogram: the inclusive upper bounds, ascending, as they are kept. "+Inf" is added when
  // shown.
  std::vector<std::uint64_t> bounds;
  bool operator==(const MetricFamily&) const = default;
};

struct MetricSeries {
  std::uint32_t family = 0;
  MetricLabels labels;
  Cell first;
};

struct BoardRegion {
  std::string name;
  std::size_t bytes = 0;
  bool per_worker = false;
};

// Rooms declare their families on it (`FlowCounters::declare(layout)`), then the Board takes it and
// it is final.
class Layout {
 public:
  static constexpr std::size_t kMostCells = 65'536;     // in one row
  static constexpr std::size_t kMostNameBytes = 120;    // of a family or a label
  static constexpr std::size_t kMostTextBytes = 1'024;  // of a help text or a label's value
  static constexpr std::size_t kMostLabels = 8;         // of a series
  static constexpr std::size_t kMostBounds = 64;        // of a histogram
  static constexpr std::size_t kMostRegionBytes = std::size_t{1} << 30;

  // ---- for our own rooms: what is declared twice or wrongly is a bug, and an assertion
  Cell counter(std::string_view name, std::string_view help);
  Cell gauge(std::string_view name, std::string_view help);
  // A series per value of `label`, in their order.
  Cell counters(std::string_view name, std::string_view help, std::string_view label,
                std::span<const std::string_view> values);
  Cell gauges(std::string_view name, std::string_view help, std::string_view label,
              std::span<const std::string_view> values);
  HistogramPlace histogram(std::string_view name, std::string_view help, std::uint64_t per_unit,
                           std::vector<std::uint64_t> bounds);
  // One per generation, or one per worker; zeroed, and begins on a page of its own.
  Region region(std::string_view name, std::size_t bytes);
  Region worker_region(std::string_view name, std::size_t bytes);

  // ---- for what others name (plugins, listeners): one series, checked. A family may be declared
  // again for further series; then help, kind, unit and bounds must be the same. The plugin's fault
  // when refused.
  Result<Cell> declare(const MetricFamily& family, const MetricLabels& labels);

  // ---- read by the board and the exposition
  const std::vector<MetricFamily>& families() const { return families_; }
  const std::vector<MetricSeries>& series() const { return series_; }
  const std::vector<BoardRegion>& regions() const { return regions_; }
  std::size_t cells() const { return cells_; }

 private:
  Result<std::uint32_t> family_index(const MetricFamily& family);
  Cell must_declare(const MetricFamily& family, const MetricLabels& labels);
  Cell must_declare_all(const MetricFamily& family, std::string_view label,
                        std::span<const std::string_view> values);
  Region add_region(std::string_view name, std::size_t bytes, bool per_worker);

  std::vector<MetricFamily> families_;
  std::vector<MetricSeries> series_;
  std::set<std::pair<std::uint32_t, MetricLabels>>
      known_;  // the series again, to find what is declared twice
  std::vector<BoardRegion> regions_;
  std::size_t cells_ = 0;
};

// How many cells a series of this family takes.
std::size_t cells_of(const MetricFamily& family);

}  // namespace hyalite

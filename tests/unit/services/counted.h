// What services count and say, for tests of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "services/service_record.h"

namespace hyalite {

struct Counted {
  explicit Counted(const Settings& settings)
      : places(ServicePlaces::declare(layout, settings.services)), cells(layout.cells()), row(cells.data(), layout) {}

  // Of the first service. An empty result: the family has none.
  std::uint64_t count(std::string_view family, std::string_view result = {}) const {
    for (const MetricSeries& series : layout.series()) {
      const bool named = layout.families()[series.family].name == family;
      if (named && (result.empty() || series.labels.back().value == result)) return cells[series.first.index];
    }
    ADD_FAILURE() << "no " << family << " " << result;
    return 0;
  }

  Layout layout;
  std::vector<ServicePlaces> places;
  std::vector<std::uint64_t> cells;
  MetricRow row;
  std::string lines;
  Log log{LogLevel::debug, [this](std::string_view line) { lines += std::string(line) + '\n'; }};
};

}  // namespace hyalite

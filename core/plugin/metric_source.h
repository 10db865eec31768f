// Where plugins' metrics come from: whoever owns the board of counters implements this.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace hyalite {

class MetricSource {
 public:
  enum class Kind { counter, gauge };
  using Label = std::pair<std::string_view, std::string_view>;

  virtual ~MetricSource() = default;
  // In the generation, before the board is made. Names and labels are copied. The same name and labels again: the same id.
  virtual Result<std::uint32_t> define(Kind kind, std::string_view name, std::string_view help, std::span<const Label> labels) = 0;
  // In a worker, from its start on: this worker's own cell, for the process's life. Never null for an id that define() gave.
  virtual std::uint64_t* cell(std::uint32_t id) = 0;
};

}  // namespace hyalite

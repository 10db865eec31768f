// How often values were how large.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace hyalite {

// A handle on one histogram in a worker's row; copied freely, valid as long as the board. Single
// writer.
class Histogram {
 public:
  // Records nothing.
  Histogram() = default;
  Histogram(std::uint64_t* cells, std::span<const std::uint64_t> bounds)
      : cells_(cells), bounds_(bounds) {}

  // `value` in the unit of the bounds.
  void record(std::uint64_t value) {
    if (cells_ == nullptr) return;
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    ++cells_[bucket];
    cells_[bounds_.size() + 1] += value;
  }

 private:
  std::uint64_t* cells_ = nullptr;
  std::span<const std::uint64_t> bounds_;
};

}  // namespace hyalite

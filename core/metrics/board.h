// The shared memory where every worker counts: made before the fork, read by whoever shows it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "metrics/histogram.h"
#include "metrics/layout.h"

namespace hyalite {

// The numbers of one process, which alone writes them: plain additions (`++*cell`), no atomics.
// Copied freely, valid as long as the board. Fetch the cells once, at the start.
class MetricRow {
 public:
  MetricRow(std::uint64_t* cells, const Layout& layout) : cells_(cells), layout_(&layout) {}
  std::uint64_t* cell(Cell cell) const { return cells_ + cell.index; }
  Histogram histogram(const HistogramPlace& place) const {
    return {cell(place.first), layout_->families()[place.family].bounds};
  }

 private:
  std::uint64_t* cells_;
  const Layout* layout_;
};

// A mapping of shared memory; unmapped with it.
class SharedMemory {
 public:
  SharedMemory() = default;
  // Maps all of `fd`, which may be closed afterwards.
  static Result<SharedMemory> map(int fd, std::size_t bytes, bool writable);
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

// Where the parts of a board begin, in bytes from its start.
struct BoardPlaces {
  std::size_t rows = 0;
  std::size_t row = 0;  // from one row to the next
  std::vector<std::size_t> regions;
  std::size_t end = 0;

  BoardPlaces() = default;
  BoardPlaces(const Layout& layout, unsigned workers, std::size_t description_bytes);
};

// One per generation. A row for each worker and one for the generation itself. A worker that takes
// the place of a dead one goes on with its row, so counters never go back.
class Board {
 public:
  static constexpr unsigned kMostWorkers = 1'023;

  // A memfd of fixed size, mapped shared, all zero.
  static Result<Board> make(Layout layout, unsigned workers);
  Board(Board&&) noexcept = default;
  Board& operator=(Board&&) noexcept = default;

  unsigned workers() const { return workers_; }
  const Layout& layout() const { return *layout_; }
  MetricRow worker(unsigned index) const;
  // Written by the generation's own process.
  MetricRow generation() const;

  // Zeroed at the beginning; whose bytes they are is agreed among those who declared them.
  std::span<std::byte> region(Region region) const;
  std::span<std::byte> worker_region(Region region, unsigned worker) const;

  // A dead worker's gauges are zero. Called before the next one starts in its row.
  void forget_gauges(unsigned worker);
  // To be handed to whoever shows it; stays ours.
  int fd() const { return fd_.get(); }
  // All of it, as it is mapped here.
  std::span<const std::byte> memory() const { return memory_.bytes(); }

  // In a process that was forked to be that worker. What it shares with nobody, and what all share, stays; the rest can be
  // reached at no address any more (SIGSEGV), nor mapped again for writing: the memory is sealed, and its descriptor closed
  // here. Only what is on one page with what stays does stay, too: the ends of two rows of counters. Whoever may call
  // mremap(2) on memory() could stretch what is left over what is not (confinement.h).
  Result<void> keep_only(unsigned worker);

 private:
  Board() = default;
  MetricRow row(unsigned index) const;
  Result<void> take_away(std::size_t from, std::size_t to);

  Fd fd_;
  SharedMemory memory_;
  BoardPlaces places_;
  std::unique_ptr<const Layout>
      layout_;  // rows point to it: it stays where it is when the board moves
  unsigned workers_ = 0;
};

// Somebody else's board, read only. What is in it was written by a process that runs plugins: it is
// believed to hold numbers, and nothing else.
class BoardView {
 public:
  // Refuses what is not a board of this program, could shrink under us, or contradicts itself.
  static Result<BoardView> open(const Fd& fd);
  BoardView(BoardView&&) noexcept = default;
  BoardView& operator=(BoardView&&) noexcept = default;

  unsigned workers() const { return workers_; }
  const Layout& layout() const { return *layout_; }
  // As it is now; row workers() is the generation's own.
  std::uint64_t value(unsigned row, Cell cell) const;
  // Empty when the generation has no such region.
  std::span<const std::byte> region(std::string_view name) const;
  std::span<const std::byte> worker_region(std::string_view name, unsigned worker) const;

 private:
  BoardView() = default;
  std::span<const std::byte> region_of(std::string_view name, bool per_worker,
                                       unsigned worker) const;

  SharedMemory memory_;
  BoardPlaces places_;
  std::unique_ptr<const Layout> layout_;
  unsigned workers_ = 0;
};

}  // namespace hyalite

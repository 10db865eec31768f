// The board: what workers write, what others read.
// SPDX-License-Identifier: MIT
#include "metrics/board.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>

namespace hyalite {

namespace {

Fd copy_of(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

struct TwoWorkers {
  Layout layout;
  Cell hits = layout.counter("hyalite_hits_total", "Hits.");
  Cell flows = layout.gauge("hyalite_flows", "Flows now.");
  HistogramPlace waits = layout.histogram("hyalite_wait_seconds", "Waits.", 1'000, {10, 100});
  Region table = layout.region("table", 5'000);
  Region slot = layout.worker_region("slot", 16);
  Board board = std::move(*Board::make(std::move(layout), 2));
};

// Three, whose rows of counters are larger than a page.
struct LargeRows {
  Layout layout;
  Cell first = layout.counter("hyalite_first_total", "First.");
  Cell last = [this] {
    for (int i = 0; i < 1'500; ++i) layout.counter("hyalite_n" + std::to_string(i) + "_total", "One of many.");
    return layout.counter("hyalite_last_total", "Last.");
  }();
  Region slot = layout.worker_region("slot", 16);
  Region table = layout.region("table", 5'000);
  Region pulse = layout.worker_region("pulse", 5'000);
  Board board = std::move(*Board::make(std::move(layout), 3));
};

// How a process ends that became worker 1 and then does this: 0 when it may.
int ends_with(Board& board, const std::function<void()>& does) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would make it an exit
    if (!board.keep_only(1)) ::_exit(1);
    does();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

void touch(std::span<std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 1'000) *static_cast<volatile std::byte*>(&bytes[i]) = std::byte{7};
}

}  // namespace

TEST(Board, LeavesAWorkerItsOwnAndWhatAllShare) {
  LargeRows large;
  EXPECT_EQ(0, ends_with(large.board, [&] {
              ++*large.board.worker(1).cell(large.first);
              ++*large.board.worker(1).cell(large.last);
              touch(large.board.worker_region(large.slot, 1));
              touch(large.board.region(large.table));
              touch(large.board.worker_region(large.pulse, 1));
            }));
  EXPECT_EQ(*large.board.worker(1).cell(large.last), 1u);
  EXPECT_EQ(large.board.worker_region(large.pulse, 1)[4'000], std::byte{7});
  EXPECT_EQ(large.board.region(large.table)[4'000], std::byte{7}) << "others see it";
}

TEST(Board, TakesAwayFromAWorkerWhatIsOthersAlone) {
  LargeRows large;
  for (const unsigned other : {0u, 2u}) {
    for (const Region region : {large.slot, large.pulse})
      EXPECT_EQ(SIGSEGV, ends_with(large.board, [&] { touch(large.board.worker_region(region, other)); }));
  }
  EXPECT_EQ(SIGSEGV, ends_with(large.board, [&] { ++*large.board.worker(0).cell(large.first); }));
  EXPECT_EQ(SIGSEGV, ends_with(large.board, [&] { ++*large.board.worker(2).cell(large.last); }));
  EXPECT_EQ(SIGSEGV, ends_with(large.board, [&] { ++*large.board.generation().cell(large.last); }));
  EXPECT_EQ(SIGSEGV, ends_with(large.board, [&] {
              *const_cast<volatile std::byte*>(large.board.memory().data()) = std::byte{1};
            })) << "the description";
  for (const unsigned row : {0u, 1u, 2u, 3u})
    EXPECT_EQ(0u, *(row == 3 ? large.board.generation() : large.board.worker(row)).cell(large.first));
}

TEST(Board, IsNotToBeHadAgainInAWorker) {
  TwoWorkers two;
  EXPECT_EQ(0, ends_with(two.board, [&] {
              if (two.board.fd() >= 0) ::_exit(2);
            }));
}

TEST(Board, IsReadByOthersAsItIsWritten) {
  TwoWorkers two;
  auto view = BoardView::open(copy_of(two.board.fd()));
  ASSERT_TRUE(view);
  ++*two.board.worker(0).cell(two.hits);
  *two.board.worker(1).cell(two.hits) += 5;
  *two.board.generation().cell(two.hits) += 7;
  EXPECT_EQ(view->value(0, two.hits), 1u);
  EXPECT_EQ(view->value(1, two.hits), 5u);
  EXPECT_EQ(view->value(2, two.hits), 7u);
  EXPECT_EQ(view->layout().series().size(), 3u);
}

TEST(Board, IsSharedWithForkedWorkers) {
  TwoWorkers two;
  const pid_t child = ::fork();
  if (child == 0) {
    ++*two.board.worker(1).cell(two.hits);
    two.board.worker_region(two.slot, 1)[3] = std::byte{42};
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(*two.board.worker(1).cell(two.hits), 1u);
  EXPECT_EQ(two.board.worker_region(two.slot, 1)[3], std::byte{42});
  EXPECT_EQ(two.board.worker_region(two.slot, 0)[3], std::byte{0});
}

TEST(Board, KeepsCountersAndForgetsGaugesOfADeadWorker) {
  TwoWorkers two;
  *two.board.worker(0).cell(two.hits) = 9;
  *two.board.worker(0).cell(two.flows) = 4;
  *two.board.worker(1).cell(two.flows) = 3;
  two.board.forget_gauges(0);
  EXPECT_EQ(*two.board.worker(0).cell(two.hits), 9u);
  EXPECT_EQ(*two.board.worker(0).cell(two.flows), 0u);
  EXPECT_EQ(*two.board.worker(1).cell(two.flows), 3u);
}

TEST(Board, SortsValuesIntoTheHistogramsBuckets) {
  TwoWorkers two;
  Histogram waits = two.board.worker(0).histogram(two.waits);
  for (const std::uint64_t value : {0u, 10u, 11u, 100u, 101u}) waits.record(value);
  Histogram().record(1);  // records nothing, and harms nothing
  const std::uint64_t* cells = two.board.worker(0).cell(two.waits.first);
  EXPECT_EQ(cells[0], 2u) << "a bound belongs to its bucket";
  EXPECT_EQ(cells[1], 2u);
  EXPECT_EQ(cells[2], 1u);
  EXPECT_EQ(cells[3], 222u);
}

TEST(Board, KeepsRegionsApart) {
  TwoWorkers two;
  std::memset(two.board.region(two.table).data(), 0xff, two.board.region(two.table).size());
  EXPECT_EQ(two.board.worker_region(two.slot, 0)[0], std::byte{0});
  EXPECT_EQ(*two.board.worker(1).cell(two.hits), 0u);
  auto view = BoardView::open(copy_of(two.board.fd()));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->region("table").size(), 5'000u);
  EXPECT_EQ(view->region("table")[4'999], std::byte{0xff});
  EXPECT_EQ(view->worker_region("slot", 1).size(), 16u);
  EXPECT_TRUE(view->region("slot").empty());
  EXPECT_TRUE(view->worker_region("slot", 2).empty());
}

TEST(Board, CannotBeShrunkOrWrittenByWhoeverGetsIt) {
  TwoWorkers two;
  const Fd fd = copy_of(two.board.fd());
  EXPECT_NE(::ftruncate(fd.get(), 0), 0);
  EXPECT_FALSE(SharedMemory::map(fd.get(), 4'096, true));
}

TEST(Board, IsNotReadWhenItIsNone) {
  Fd plain(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(plain.get(), 65'536), 0);
  EXPECT_FALSE(BoardView::open(plain)) << "it could shrink";
  ASSERT_EQ(::fcntl(plain.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_FALSE(BoardView::open(plain)) << "it has no head";
}

// Whatever a mad generation writes into the description, a reader says no or reads numbers.
TEST(Board, IsReadOrRefusedWhateverItsDescriptionBecomes) {
  TwoWorkers two;
  const std::byte* bytes = two.board.region(two.table).data();
  auto* head = reinterpret_cast<unsigned char*>(reinterpret_cast<std::uintptr_t>(bytes) &
                                                ~std::uintptr_t{4'095});
  // Rows come before the regions, the description before the rows; one page each here.
  unsigned char* description = head - 2 * 4'096;
  ASSERT_EQ(std::memcmp(description, "HyBoard", 7), 0);
  for (std::size_t at = 0; at < 400; ++at) {
    for (const int flipped : {0x01, 0x10, 0x80}) {
      description[at] = static_cast<unsigned char>(description[at] ^ flipped);
      if (auto view = BoardView::open(copy_of(two.board.fd()))) {
        for (const MetricSeries& series : view->layout().series()) view->value(0, series.first);
      }
      description[at] = static_cast<unsigned char>(description[at] ^ flipped);
    }
  }
  EXPECT_TRUE(BoardView::open(copy_of(two.board.fd())));
}

}  // namespace hyalite

// What the settings allow is what the processes can do.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>

#include "metrics/board.h"
#include "process/worker_note.h"
#include "settings/reader.h"

namespace hyalite {
namespace {

bool may_have_workers(unsigned count) {
  return static_cast<bool>(read_settings("listeners: [{address: \"[::]:8080\"}]\nworkers: {count: " +
                                             std::to_string(count) + "}\n",
                                         "g.yaml"));
}

TEST(Bounds, OfWorkersAreThoseOfTheBoard) {
  constexpr unsigned kMost = Board::kMostWorkers / kRowsPerPlace;
  EXPECT_TRUE(may_have_workers(kMost));
  EXPECT_FALSE(may_have_workers(kMost + 1));
}

}  // namespace
}  // namespace hyalite

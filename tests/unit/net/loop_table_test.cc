// SPDX-License-Identifier: MIT
#include "net/loop_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "support/tcp.h"

namespace hyalite {
namespace {

struct SharedMemory {
  explicit SharedMemory(std::size_t n) : size(n) {
    data = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  ~SharedMemory() { munmap(data, size); }
  std::span<std::byte> span() { return {static_cast<std::byte*>(data), size}; }
  void* data;
  std::size_t size;
};

struct ALoopTable : testing::Test {
  SharedMemory memory{LoopTable::bytes_for(64)};
  LoopTable table{memory.span()};
  Address a = at("10.0.0.1:1000"), b = at("192.0.2.1:80"), c = at("[fd00::1]:1000"),
          d = at("[2001:db8::1]:80");
};

TEST_F(ALoopTable, KnowsExactlyTheFourTuplesThatStandInIt) {
  const auto entry = table.insert(0, a, b);
  const auto six = table.insert(1, c, d);
  ASSERT_TRUE(entry && six);
  EXPECT_TRUE(table.contains(a, b));
  EXPECT_TRUE(table.contains(c, d));
  EXPECT_FALSE(table.contains(b, a));
  EXPECT_FALSE(table.contains(a, d));
  // The client's own kernel may draw the same port for another destination, and another port for
  // the same.
  EXPECT_FALSE(table.contains(a, at("192.0.2.2:80")));
  EXPECT_FALSE(table.contains(a, at("192.0.2.1:81")));
  EXPECT_FALSE(table.contains(at("10.0.0.1:1001"), b));
}

TEST_F(ALoopTable, ForgetsAnEntryThatEndsAndKeepsOneThatMoves) {
  LoopTable::Entry kept;
  {
    auto entry = table.insert(0, a, b);
    auto ends = table.insert(0, c, d);
    kept = std::move(entry);
  }
  EXPECT_TRUE(table.contains(a, b));
  EXPECT_FALSE(table.contains(c, d));
  kept.remove();
  EXPECT_FALSE(table.contains(a, b));
}

TEST_F(ALoopTable, ForgetsAllOfADeadWorkerAndNothingElse) {
  auto dead = table.insert(3, a, b);
  const auto alive = table.insert(4, c, d);
  table.clear(3);
  EXPECT_FALSE(table.contains(a, b));
  EXPECT_TRUE(table.contains(c, d));
  // The slot may be another's by now: the old owner must not take it away.
  const auto next = table.insert(5, a, b);
  dead.remove();
  EXPECT_TRUE(table.contains(a, b));
}

TEST_F(ALoopTable, IsBoundedAndSaysWhenItIsFull) {
  std::vector<LoopTable::Entry> entries;
  std::size_t full = 0;
  for (std::uint16_t port = 1; port <= 10'000; ++port) {
    auto entry = table.insert(0, {a.ip, port}, b);
    if (!entry)
      ++full;
    else
      entries.push_back(std::move(entry));
  }
  EXPECT_LE(entries.size(), 64u * 4);
  EXPECT_GE(entries.size(), 64u * 3);
  EXPECT_EQ(full, 10'000 - entries.size());
  entries.clear();
  EXPECT_TRUE(table.insert(0, a, b));
}

TEST_F(ALoopTable, HasRoomForAsManyAsItWasMadeFor) {
  SharedMemory big(LoopTable::bytes_for(10'000));
  LoopTable large(big.span());
  std::vector<LoopTable::Entry> entries;
  for (std::uint16_t port = 1; port <= 10'000; ++port) {
    auto entry = large.insert(0, {a.ip, port}, b);
    if (entry) entries.push_back(std::move(entry));
  }
  EXPECT_GE(entries.size(), 9'980u);  // a bucket may be full by chance
}

TEST_F(ALoopTable, FindsAndForgetsAlsoWhatFoundNoRoomInFront) {
  SharedMemory big(LoopTable::bytes_for(10'000));
  LoopTable large(big.span());
  for (int round = 0; round < 2; ++round) {
    std::vector<std::pair<Address, LoopTable::Entry>> entries;
    for (std::uint16_t port = 1; port <= 8'000; ++port) {
      const Address local{a.ip, port};
      if (auto entry = large.insert(port % 2, local, b)) entries.emplace_back(local, std::move(entry));
    }
    for (const auto& [local, entry] : entries) ASSERT_TRUE(large.contains(local, b)) << local.text();
    large.clear(0);
    for (const auto& [local, entry] : entries) ASSERT_EQ(large.contains(local, b), local.port % 2 == 1) << local.text();
    for (auto& [local, entry] : entries) {
      entry.remove();
      ASSERT_FALSE(large.contains(local, b)) << local.text();
    }
  }
  for (std::byte byte : big.span().subspan(64)) ASSERT_EQ(byte, std::byte{0});
}

TEST_F(ALoopTable, IsSeenByOtherProcesses) {
  const auto ours = table.insert(0, a, b);
  const pid_t child = fork();
  if (child == 0) {
    const bool sees = table.contains(a, b);
    auto left_behind = table.insert(1, c, d);
    _exit(sees && left_behind ? 0 : 1);  // dies without giving it up
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(table.contains(c, d));
  table.clear(1);
  EXPECT_FALSE(table.contains(c, d));
  EXPECT_TRUE(table.contains(a, b));
}

TEST(LoopTableWithoutMemory, KnowsNothing) {
  LoopTable table{{}};
  EXPECT_FALSE(table.insert(0, at("10.0.0.1:1"), at("10.0.0.2:2")));
  EXPECT_FALSE(table.contains(at("10.0.0.1:1"), at("10.0.0.2:2")));
  table.clear(0);
}

}  // namespace
}  // namespace hyalite

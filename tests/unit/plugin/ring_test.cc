// SPDX-License-Identifier: MIT
#include "http-logger/ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>

namespace {

std::string peeked(const Ring& ring, std::size_t most) {
  std::string out;
  ring.peek(most, out);
  return out;
}

TEST(Ring, GivesWhatWasPutInItsOrder) {
  Ring ring(8);
  EXPECT_EQ(peeked(ring, 8), "");
  EXPECT_TRUE(ring.put("abcde"));
  EXPECT_FALSE(ring.put("fghi"));  // all of it or nothing
  EXPECT_TRUE(ring.put("fgh"));
  EXPECT_FALSE(ring.put("i"));
  EXPECT_EQ(peeked(ring, 3), "abc");
  ring.take(3);
  EXPECT_TRUE(ring.put("ijk"));
  EXPECT_EQ(peeked(ring, 100), "defghijk");
  EXPECT_EQ(ring.used(), 8u);
}

TEST(Ring, IsTheSameHoweverOftenItIsEmptyInBetween) {
  std::mt19937 random(1);
  Ring ring(61);
  std::string model, all, seen;
  for (int turn = 0; turn < 20'000; ++turn) {
    const std::string bytes(random() % 40, static_cast<char>('a' + turn % 26));
    const bool fits = model.size() + bytes.size() <= 61;
    ASSERT_EQ(ring.put(bytes), fits);
    if (fits) model += bytes, all += bytes;
    // Often to the last byte.
    const std::size_t n = random() % 3 == 0 ? model.size() : random() % (model.size() + 1);
    ASSERT_EQ(peeked(ring, n), model.substr(0, n));
    ring.take(n);
    model.erase(0, n);
    ASSERT_EQ(ring.used(), model.size());
  }
  EXPECT_EQ(ring.put_bytes(), all.size());
}

TEST(Ring, LosesAndMixesNothingBetweenTwoThreads) {
  Ring ring(4096);
  constexpr int kLines = 200'000;
  std::atomic<bool> over = false;
  std::thread puts([&] {
    for (int i = 0; i < kLines && !over; ++i) {
      const std::string line = std::to_string(i) + "\n";
      while (!ring.put(line) && !over) std::this_thread::yield();
    }
  });
  std::string wrong;
  for (int next = 0; next < kLines && wrong.empty();) {
    std::string got = peeked(ring, 8 + static_cast<std::size_t>(next) % 3000);
    got.resize(got.rfind('\n') + 1);
    if (got.empty()) std::this_thread::yield();
    for (std::size_t at = 0; at < got.size() && wrong.empty(); ++next) {
      const std::string line = got.substr(at, got.find('\n', at) - at);
      if (line != std::to_string(next)) wrong = "'" + line + "' instead of " + std::to_string(next);
      at += line.size() + 1;
    }
    ring.take(got.size());
  }
  over = true;
  puts.join();
  EXPECT_EQ(wrong, "");
  EXPECT_EQ(ring.used(), 0u);
}

}  // namespace

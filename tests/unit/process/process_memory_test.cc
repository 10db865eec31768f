// How much memory a process has taken for itself.
// SPDX-License-Identifier: MIT
#include "process/process_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace hyalite {

TEST(ProcessMemory, IsWhatIsResidentAndNotShared) {
  EXPECT_EQ(anonymous_pages("1000 300 100 5 0 200 0\n"), 200u);
  EXPECT_EQ(anonymous_pages("1000 300 301 5 0 200 0\n"), std::nullopt);
  EXPECT_EQ(anonymous_pages("1000"), std::nullopt);
  EXPECT_EQ(anonymous_pages(""), std::nullopt);
  EXPECT_EQ(anonymous_pages("a b c"), std::nullopt);
}

TEST(ProcessMemory, GrowsWithWhatIsTaken) {
  const auto before = anonymous_memory(::getpid());
  ASSERT_TRUE(before);
  const std::string taken(std::size_t{16} << 20, 'x');
  const auto after = anonymous_memory(0);
  ASSERT_TRUE(after);
  EXPECT_GE(*after - *before, std::size_t{15} << 20);
  EXPECT_EQ(taken.back(), 'x');
}

TEST(ProcessMemory, OfNoProcessIsUnknown) { EXPECT_EQ(anonymous_memory(0x7ffffffe), std::nullopt); }

}  // namespace hyalite

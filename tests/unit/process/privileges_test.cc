// What needs root, or gives something up for good, is in tests/system.
// SPDX-License-Identifier: MIT
#include "process/privileges.h"

#include <gtest/gtest.h>

namespace hyalite {

TEST(IdMap, KnowsThatItsNamespaceHasOneUserOnly) {
  const IdMap map = IdMap::parse("         0       1000          1\n");
  EXPECT_EQ(map.count(), 1u);
  EXPECT_TRUE(map.contains(0));
  EXPECT_FALSE(map.contains(1));
}

TEST(IdMap, KnowsTheWholeRangeOfTheFirstNamespace) {
  const IdMap map = IdMap::parse("         0          0 4294967295\n");
  EXPECT_EQ(map.count(), 4'294'967'295u);
  EXPECT_TRUE(map.contains(65'534));
}

TEST(IdMap, AddsUpItsLines) {
  const IdMap map = IdMap::parse("0 1000 1\n1 100000 65536\n");
  EXPECT_EQ(map.count(), 65'537u);
  EXPECT_TRUE(map.contains(65'536));
  EXPECT_FALSE(map.contains(65'537));
}

TEST(IdMap, IsEmptyWhenTheTextIsNone) {
  EXPECT_EQ(IdMap::parse("").count(), 0u);
  EXPECT_EQ(IdMap::parse("no map\n0 1\n").count(), 0u);
}

}  // namespace hyalite

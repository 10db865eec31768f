// A connection of a trial: its line, its judgement.
// SPDX-License-Identifier: MIT
#include "doctor/connection.h"

#include <gtest/gtest.h>

#include "healthy.h"

namespace hyalite {
namespace {

TEST(Connection, SurvivesItsLineAndIsJudged) {
  TrialConnection it;
  it.destination = *Address::parse("198.51.100.7:80");
  it.client = *Address::parse("192.0.2.7:40000");
  it.seen = *Address::parse("192.0.2.7:41000");
  const Settings settings = healthy_settings();
  const auto judged = [&](bool& passed) {
    const std::string line = to_line(it);
    return judge_connection(from_line(line.substr(0, line.size() - 1)), settings, passed);
  };
  bool passed = true;
  EXPECT_EQ(judged(passed),
            "  IPv4 port 80: through the proxy; the origin saw 192.0.2.7, the client\n");
  EXPECT_TRUE(passed);
  it.direct = true;
  judged(passed);
  EXPECT_FALSE(passed);
  passed = true;
  it.direct = false;
  it.seen = *Address::parse("203.0.113.1:1");
  judged(passed);
  EXPECT_FALSE(passed);
  passed = true;
  judge_connection(from_line("nonsense"), settings, passed);
  EXPECT_FALSE(passed);
}

}  // namespace
}  // namespace hyalite

// What doctor says.
// SPDX-License-Identifier: MIT
#include "doctor/report.h"

#include <gtest/gtest.h>

#include "settings/json.h"

namespace hyalite {
namespace {

TEST(Report, IsJsonAndSaysTheFirstThingFirst) {
  Report report;
  report.settings_file = "/etc/\"x\"";
  EXPECT_EQ(verdict_of(report), Health::healthy);
  report.answers.push_back({"loop", RowAnswer::State::not_looked_at, {"only root may"}});
  EXPECT_EQ(verdict_of(report), Health::unknown);
  report.findings.push_back({"rule_missing", "no rule", "hyalite intercept on", "ip rule"});
  report.trials.push_back({"lab", false, "  IPv4 port 80: timed out\n", ""});
  EXPECT_EQ(verdict_of(report), Health::unhealthy);
  EXPECT_TRUE(report_text(report, false)
                  .starts_with("unhealthy: 1 finding, 0 checks fine, 1 not looked "
                               "at\n\nrule_missing: no rule\n  why   "));
  const auto json = JsonDocument::parse(report_json(report));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->root().at("/findings/0/remedy").string(), "hyalite intercept on");
  EXPECT_EQ(json->root().at("/trials/0/passed").boolean(), false);
  EXPECT_EQ(json->root().at("/answers/0/because/0").string(), "only root may");
}

}  // namespace
}  // namespace hyalite

// When a fresh generation is due, and which plugins are in quarantine.
// SPDX-License-Identifier: MIT
#include "process/crash_record.h"

#include <gtest/gtest.h>

namespace hyalite {

namespace {

using Advice = CrashRecord::Advice;

struct ACrashRecord : testing::Test {
  ACrashRecord() { record.set_limits({{3, Seconds{60}}, {2, Seconds{600}}}); }
  Advice dies(std::string_view instance = "") {
    return record.on_death(instance, instance.empty() ? "" : "b1", clock.now());
  }
  ManualClock clock;
  CrashRecord record;
};

}  // namespace

TEST_F(ACrashRecord, AdvisesAFreshGenerationAfterSoManyDeathsWithinTheTime) {
  EXPECT_EQ(dies(), Advice::go_on);
  EXPECT_EQ(dies(), Advice::go_on);
  EXPECT_EQ(dies(), Advice::fresh_generation);
  EXPECT_EQ(dies(), Advice::go_on) << "counting begins anew with the fresh one";
}

TEST_F(ACrashRecord, ForgetsDeathsThatAreLongAgo) {
  dies();
  dies();
  clock.advance(Seconds{61});
  EXPECT_EQ(dies(), Advice::go_on);
  EXPECT_EQ(dies(), Advice::go_on);
}

TEST_F(ACrashRecord, PutsAPluginIntoQuarantineThatCostTooManyWorkers) {
  EXPECT_EQ(dies("ads"), Advice::go_on);
  clock.advance(Seconds{300});
  EXPECT_EQ(dies("ads"), Advice::quarantine);
  EXPECT_TRUE(record.quarantined().contains("ads"));
}

TEST_F(ACrashRecord, DoesNotBlameOnePluginForAnother) {
  EXPECT_EQ(dies("ads"), Advice::go_on);
  EXPECT_EQ(dies("audit"), Advice::go_on);
  EXPECT_TRUE(record.quarantined().empty());
}

TEST_F(ACrashRecord, BlamesNobodyForOurOwnCrashes) {
  for (int i = 0; i < 20; ++i) dies();
  EXPECT_TRUE(record.quarantined().empty());
}

TEST_F(ACrashRecord, LetsPluginsOutWhenTold) {
  dies("ads");
  dies("ads");
  record.release_all();
  EXPECT_TRUE(record.quarantined().empty());
  EXPECT_NE(dies("ads"), Advice::quarantine) << "counting begins anew";
}

TEST_F(ACrashRecord, TellsWhichBuildIsInQuarantine) {
  dies("ads");
  dies("ads");
  EXPECT_EQ(record.words(), std::set<std::string>{"ads=b1"});
  CrashRecord next;
  next.quarantine("ads=b1");
  next.quarantine("old");
  EXPECT_EQ(next.quarantined().at("ads"), "b1");
  EXPECT_EQ(next.quarantined().at("old"), "");
  EXPECT_EQ(next.words(), (std::set<std::string>{"ads=b1", "old"}));
}

TEST_F(ACrashRecord, LetsOneOutThatIsAnotherBuild) {
  dies("ads");
  dies("ads");
  record.release("ads");
  EXPECT_TRUE(record.quarantined().empty());
  EXPECT_NE(dies("ads"), Advice::quarantine) << "counting begins anew";
}

TEST(Backoff, WaitsLongerAndLongerWhileTriesFailAtOnce) {
  Backoff backoff(Milliseconds{100}, Milliseconds{1'000});
  const Milliseconds at_once{5};
  EXPECT_EQ(backoff.after(at_once), Milliseconds{0});
  EXPECT_EQ(backoff.after(at_once), Milliseconds{100});
  EXPECT_EQ(backoff.after(at_once), Milliseconds{200});
  for (int i = 0; i < 10; ++i) backoff.after(at_once);
  EXPECT_EQ(backoff.after(at_once), Milliseconds{1'000});
}

TEST(Backoff, BeginsAnewAfterATryThatLasted) {
  Backoff backoff(Milliseconds{100}, Milliseconds{1'000});
  for (int i = 0; i < 5; ++i) backoff.after(Milliseconds{5});
  EXPECT_EQ(backoff.after(Seconds{10}), Milliseconds{0});
}

TEST(Backoff, BeginsAnewWhenOneIsTold) {
  Backoff backoff(Milliseconds{100}, Milliseconds{1'000});
  for (int i = 0; i < 5; ++i) backoff.after(Milliseconds{5});
  backoff.begin_anew();
  EXPECT_EQ(backoff.after(Milliseconds{5}), Milliseconds{0});
}

}  // namespace hyalite

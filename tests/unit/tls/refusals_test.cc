#include "tls/refusals.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hyalite {
namespace {

using std::chrono::hours;

class RefusalsTest : public testing::Test {
 protected:
  RefusalsTest()
      : memory_(static_cast<std::byte*>(::mmap(nullptr, Refusals::bytes(), PROT_READ | PROT_WRITE,
                                               MAP_SHARED | MAP_ANONYMOUS, -1, 0))),
        refusals({memory_, Refusals::bytes()}) {}
  ~RefusalsTest() override { ::munmap(memory_, Refusals::bytes()); }

  static IpAddress client(int number) {
    return *IpAddress::parse("192.0.2." + std::to_string(number));
  }
  bool refuse(const std::string& name, int from, RefusalSign sign = RefusalSign::unknown_ca) {
    return refusals.note(name, client(from), sign, clock.wall_time(), learning);
  }
  void accept(int from) { refusals.note_accepted(client(from), clock.wall_time()); }
  bool passes(const std::string& name) { return refusals.passes(name, clock.wall_time()); }

  std::byte* memory_;
  ManualClock clock;
  Learning learning;
  Refusals refusals;
};

TEST_F(RefusalsTest, CountsPerNameAndClient) {
  refuse("a.example", 1);
  refuse("a.example", 1, RefusalSign::closed);
  clock.advance(Seconds{1});
  refuse("a.example", 2);
  clock.advance(Seconds{1});
  refuse("b.example", 1);
  const auto names = refusals.list(10);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0].name, "b.example");
  EXPECT_EQ(names[1].name, "a.example");
  EXPECT_EQ(names[1].count(), 3u);
  EXPECT_EQ(names[1].counts[static_cast<std::size_t>(RefusalSign::closed)], 1u);
  ASSERT_EQ(names[1].clients.size(), 2u);
  EXPECT_EQ(names[1].clients[0].count, 2u);
  EXPECT_EQ(names[1].clients[0].last_sign, RefusalSign::closed);
}

TEST_F(RefusalsTest, NothingIsLearnedUnlessAllowed) {
  for (int i = 1; i < 20; ++i) {
    accept(i);
    EXPECT_FALSE(refuse("a.example", i));
  }
  EXPECT_FALSE(passes("a.example"));
}

TEST_F(RefusalsTest, ANamePassesAfterSoManyClientsForSoLong) {
  learning = {2, hours{24}, hours{12}};
  accept(1);
  accept(2);
  EXPECT_FALSE(refuse("a.example", 1));
  EXPECT_FALSE(refuse("a.example", 1)) << "the same client again is not another one";
  EXPECT_FALSE(passes("a.example"));
  EXPECT_TRUE(refuse("a.example", 2));
  EXPECT_TRUE(passes("a.example"));
  EXPECT_FALSE(passes("b.example"));
  clock.advance(hours{12});
  EXPECT_FALSE(passes("a.example"));
}

TEST_F(RefusalsTest, AClientThatNeverTookACertificateTeachesNothing) {
  learning = {1, hours{24}, hours{12}};
  EXPECT_FALSE(refuse("a.example", 1));
  accept(2);
  EXPECT_TRUE(refuse("a.example", 2));
}

TEST_F(RefusalsTest, RefusalsOfLongAgoDoNotCount) {
  learning = {2, hours{24}, hours{12}};
  accept(1);
  accept(2);
  refuse("a.example", 1);
  clock.advance(hours{25});
  EXPECT_FALSE(refuse("a.example", 2));
}

TEST_F(RefusalsTest, ForgettingTakesItBack) {
  learning = {1, hours{24}, hours{12}};
  accept(1);
  ASSERT_TRUE(refuse("a.example", 1));
  EXPECT_TRUE(refusals.forget("a.example"));
  EXPECT_FALSE(passes("a.example"));
  EXPECT_FALSE(refusals.forget("a.example"));
  EXPECT_TRUE(refusals.list(10).empty());
}

TEST_F(RefusalsTest, TheNumberOfNamesIsBoundedAndWhatPassesStays) {
  learning = {1, hours{24}, hours{12}};
  accept(1);
  ASSERT_TRUE(refuse("stays.example", 1));
  learning = {};
  for (int i = 0; i < 20'000; ++i) refuse(std::to_string(i) + ".example", i % 200);
  EXPECT_LE(refusals.list(1'000'000).size(), Refusals::kMostNames);
  EXPECT_TRUE(passes("stays.example"));
}

TEST_F(RefusalsTest, TheCauseIsGuessedFromWhatElseTheClientDid) {
  refuse("a.example", 1);
  EXPECT_NE(likely_cause(refusals.list(1)[0]).find("lacks the CA, or an app"), std::string::npos);
  refuse("b.example", 1);
  EXPECT_NE(likely_cause(refusals.list(1)[0]).find("refuses other names, too"), std::string::npos);
  clock.advance(Seconds{1});
  accept(2);
  refuse("pinned.example", 2);
  EXPECT_NE(likely_cause(refusals.list(1)[0]).find("pinning"), std::string::npos);
}

TEST_F(RefusalsTest, OddNamesAreIgnored) {
  refuse("", 1);
  refuse(std::string(254, 'a'), 1);
  EXPECT_TRUE(refusals.list(10).empty());
}

// Whatever a process that was taken over wrote there.
TEST_F(RefusalsTest, NonsenseInTheMemoryIsSurvived) {
  refuse("a.example", 1);
  std::uint32_t seed = 1;
  for (int round = 0; round < 50; ++round) {
    for (std::size_t i = 4; i < Refusals::bytes(); i += 1 + seed % 5) {
      seed = seed * 1'103'515'245 + 12'345;
      memory_[i] = static_cast<std::byte>(seed >> 16);
    }
    for (const auto& one : refusals.list(5'000)) EXPECT_FALSE(likely_cause(one).empty());
    passes("a.example");
    refuse("b.example", 2);
    accept(3);
  }
}

TEST_F(RefusalsTest, SeveralProcessesWriteAndWhoeverDiesHoldsNobodyUp) {
  std::vector<pid_t> writers;
  for (int process = 0; process < 4; ++process) {
    writers.push_back(::fork());
    if (writers.back() == 0) {
      for (int i = 0;; ++i) refuse(std::to_string(i % 50) + ".example", process);
    }
  }
  for (int i = 0; i < 20'000; ++i) refuse("ours.example", 99);
  for (const pid_t writer : writers) ::kill(writer, SIGKILL);
  for (const pid_t writer : writers) ::waitpid(writer, nullptr, 0);
  const std::uint64_t lost = refusals.lost();
  refuse("last.example", 99);
  EXPECT_EQ(refusals.lost(), lost);
  std::uint64_t ours = 0;
  for (const auto& one : refusals.list(100)) {
    if (one.name == "ours.example") ours = one.count();
  }
  EXPECT_GT(ours, 0u);
  EXPECT_LE(ours, 20'000u);
}

}  // namespace
}  // namespace hyalite

#include "tls/refusals.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace hyalite {
namespace {

using std::chrono::hours;

// As a worker's filter (process/confinement.h), but the end: it may not ask about other processes.
bool forbid_kill() {
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

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
  // Whose word is the first of the memory; 0: nobody's.
  std::atomic<std::uint64_t>& lock() { return *reinterpret_cast<std::atomic<std::uint64_t>*>(memory_); }
  // A process ends while it writes.
  void die_holding_it() {
    while (lock() == 0) {
      const pid_t writer = ::fork();
      if (writer == 0) {
        for (int i = 0;; ++i) refuse(std::to_string(i % 50) + ".example", 1);
      }
      while (lock() == 0) {
      }
      ::kill(writer, SIGKILL);
      ::waitpid(writer, nullptr, 0);
    }
  }
  // Is this refusal noted, or lost?
  bool notes(const std::string& name) {
    const std::uint64_t lost = refusals.lost();
    refuse(name, 99);
    return refusals.lost() == lost;
  }
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
    for (std::size_t i = 0; i < Refusals::bytes(); i += 1 + seed % 5) {
      seed = seed * 1'103'515'245 + 12'345;
      memory_[i] = static_cast<std::byte>(seed >> 16);
    }
    for (const auto& one : refusals.list(5'000)) EXPECT_FALSE(likely_cause(one).empty());
    passes("a.example");
    refuse("b.example", 2);
    accept(3);
  }
  clock.advance(Refusals::kLongestHold);
  notes("c.example");
  EXPECT_TRUE(notes("d.example")) << "nobody can lock it for ever";
}

TEST_F(RefusalsTest, WhatSomebodyWroteAsTheHolderIsAbandonedInTheEnd) {
  for (const std::uint64_t nonsense : {std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    lock() = nonsense;
    clock.advance(2 * Refusals::kLongestHold);
    EXPECT_TRUE(notes("a.example")) << nonsense;
    EXPECT_EQ(lock(), 0u);
  }
}

TEST_F(RefusalsTest, AProcessThatDiedHoldingItIsKnownByTheTimeAlone) {
  die_holding_it();
  const pid_t worker = ::fork();
  if (worker == 0) {
    if (!forbid_kill()) ::_exit(1);
    if (notes("early.example")) ::_exit(2);
    clock.advance(Refusals::kLongestHold);
    ::_exit(notes("a.example") && notes("b.example") ? 0 : 3);
  }
  int status = 0;
  ::waitpid(worker, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(RefusalsTest, AClockThatJumpsBackKeepsNobodyOut) {
  clock.advance(hours{24 * 400});
  die_holding_it();
  clock = ManualClock();
  EXPECT_TRUE(notes("a.example"));
}

TEST_F(RefusalsTest, WhoTookItAMomentLaterByTheClockIsAtWork) {
  clock.advance(Milliseconds{20});
  die_holding_it();
  clock = ManualClock();
  EXPECT_FALSE(notes("a.example"));
}

TEST_F(RefusalsTest, ForgettingDoesNotWaitEither) {
  learning = {1, hours{24}, hours{12}};
  accept(1);
  ASSERT_TRUE(refuse("a.example", 1));
  die_holding_it();
  EXPECT_FALSE(refusals.forget("a.example", clock.wall_time()));
  clock.advance(Refusals::kLongestHold);
  EXPECT_TRUE(refusals.forget("a.example", clock.wall_time()));
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
  clock.advance(Refusals::kLongestHold);
  EXPECT_TRUE(notes("last.example"));
  std::uint64_t ours = 0;
  for (const auto& one : refusals.list(100)) {
    if (one.name == "ours.example") ours = one.count();
  }
  EXPECT_GT(ours, 0u);
  EXPECT_LE(ours, 20'000u);
}

}  // namespace
}  // namespace hyalite

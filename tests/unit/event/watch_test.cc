// SPDX-License-Identifier: MIT
#include "event/watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "event/signals.h"

namespace hyalite {
namespace {

struct Owner {
  void on_ready(Readiness ready) { told.push_back(ready); }
  std::vector<Readiness> told;
};

struct AWatch : testing::Test {
  AWatch() {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, both), 0);
    ours.reset(both[0]);
    theirs.reset(both[1]);
  }
  void say(std::string_view text) {
    EXPECT_EQ(write(theirs.get(), text.data(), text.size()), ssize_t(text.size()));
  }

  std::unique_ptr<Loop> loop = *Loop::open();
  Fd ours, theirs;
  Owner owner;
  Watch watch{*loop, callback<&Owner::on_ready>(owner)};
};

TEST_F(AWatch, TellsAtOnceWhatIsPossibleAndThenOnlyWhatIsNew) {
  ASSERT_TRUE(watch.start(ours.get()));
  loop->run_once();
  loop->run_once();
  ASSERT_EQ(owner.told.size(), 1u);
  EXPECT_FALSE(owner.told[0].readable);
  EXPECT_TRUE(owner.told[0].writable);
  say("a");
  loop->run_once();
  loop->run_once();
  ASSERT_EQ(owner.told.size(), 2u);
  EXPECT_TRUE(owner.told[1].readable);
  EXPECT_FALSE(owner.told[1].closed);
}

TEST_F(AWatch, TellsOfRoomOnlyWhoAwaitsIt) {
  ASSERT_TRUE(watch.start_reading(ours.get()));
  loop->run_once();
  EXPECT_TRUE(owner.told.empty());
  say("a");
  loop->run_once();
  ASSERT_EQ(owner.told.size(), 1u);
  EXPECT_TRUE(owner.told[0].readable && !owner.told[0].writable);
  ASSERT_TRUE(watch.await_room());
  ASSERT_TRUE(watch.await_room());
  loop->run_once();
  loop->run_once();
  ASSERT_EQ(owner.told.size(), 2u);
  EXPECT_TRUE(owner.told[1].readable && owner.told[1].writable);
}

TEST_F(AWatch, TellsThatThePeerHasFinished) {
  ASSERT_TRUE(watch.start(ours.get()));
  loop->run_once();
  shutdown(theirs.get(), SHUT_WR);
  loop->run_once();
  ASSERT_EQ(owner.told.size(), 2u);
  EXPECT_TRUE(owner.told[1].closed);
  EXPECT_TRUE(owner.told[1].readable);
}

TEST_F(AWatch, TellsNothingAfterStopAndAllAgainAfterANewStart) {
  ASSERT_TRUE(watch.start(ours.get()));
  watch.stop();
  say("a");
  loop->run_once();
  EXPECT_TRUE(owner.told.empty());
  ASSERT_TRUE(watch.start(ours.get()));
  loop->run_once();
  ASSERT_EQ(owner.told.size(), 1u);
  EXPECT_TRUE(owner.told[0].readable && owner.told[0].writable);
}

TEST_F(AWatch, TellsItsNewOwner) {
  Owner other;
  ASSERT_TRUE(watch.start(ours.get()));
  watch.set_owner(callback<&Owner::on_ready>(other));
  loop->run_once();
  EXPECT_TRUE(owner.told.empty());
  EXPECT_EQ(other.told.size(), 1u);
}

TEST_F(AWatch, MayBeDestroyedInsideItsCallAndByTheCallOfAnother) {
  std::unique_ptr<Watch> a, b;
  int calls = 0;
  auto end_both = [&](Readiness) {
    ++calls;
    a.reset();
    b.reset();
  };
  a = std::make_unique<Watch>(*loop, Callback<Readiness>::of(end_both));
  b = std::make_unique<Watch>(*loop, Callback<Readiness>::of(end_both));
  ASSERT_TRUE(a->start(ours.get()));
  ASSERT_TRUE(b->start(theirs.get()));
  loop->run();
  EXPECT_EQ(calls, 1);
}

TEST_F(AWatch, SaysWhyItCannotWatch) {
  const Fd file(open("/proc/self/exe", O_RDONLY));
  const auto started = watch.start(file.get());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, EPERM);
  EXPECT_FALSE(watch.watching());
}

TEST_F(AWatch, ForReadingTellsAgainAsLongAsSomethingIsThere) {
  int told = 0;
  auto count = [&] { ++told; };
  ReadWatch reading(*loop, Callback<>::of(count));
  ASSERT_TRUE(reading.start(ours.get()));
  loop->run_once();
  EXPECT_EQ(told, 0);
  say("a");
  loop->run_once();
  loop->run_once();
  EXPECT_EQ(told, 2);
  reading.stop();
  loop->run_once();
  EXPECT_EQ(told, 2);
}

TEST_F(AWatch, OfASignalCallsOnTheLoop) {
  int told = 0;
  auto count = [&] { ++told; };
  SignalWatch signals(*loop, SIGUSR1, Callback<>::of(count));
  raise(SIGUSR1);
  EXPECT_EQ(told, 0);
  loop->run_once();
  loop->run_once();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace hyalite

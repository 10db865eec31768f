// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>
#include <vector>

#include "net/listening_socket.h"
#include "support/pump.h"
#include "support/tcp.h"

namespace hyalite {
namespace {

struct AListener : testing::Test, ListenerOwner {
  AListener() {
    auto opened = open_listening_socket({.address = at("127.0.0.1:0")});
    EXPECT_TRUE(opened);
    address = *listening_address(opened->get());
    listener = std::make_unique<Listener>(
        *loop, *std::move(opened), arrivals, *this,
        ListenerOptions{.index = 7, .rest = Milliseconds{5}, .fixed = destination});
  }
  void on_accepted(Accepted one) override {
    accepted.push_back(std::move(one));
    if (then) then();
  }
  void on_refused(Refused one) override { refused.push_back(std::move(one)); }
  void on_exhausted(int code, std::size_t n) override {
    exhausted.push_back(code);
    shed += n;
  }
  // (Also: the sanitizer's first look at who the owner is needs descriptors of its own.)
  void serve_one() {
    ASSERT_TRUE(listener->resume());
    const Fd client = connect_to(address);
    ASSERT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
    accepted.clear();
  }
  void some_passes() {
    for (int i = 0; i < 10; ++i) loop->run_once();
  }

  std::unique_ptr<Loop> loop = *Loop::open();
  LocalAddresses local{loop->clock()};
  LoopTable table{{}};
  OriginalDestination destination{at("192.0.2.1:80")};
  Arrivals arrivals{{1}, local, table};
  Address address;
  std::unique_ptr<Listener> listener;
  std::vector<Accepted> accepted;
  std::vector<Refused> refused;
  std::vector<int> exhausted;
  std::size_t shed = 0;
  std::function<void()> then;
};

TEST_F(AListener, HandsOnItsClientsAndWhereTheyWereGoing) {
  ASSERT_TRUE(listener->resume());
  const Fd client = connect_to(address);
  ASSERT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
  EXPECT_EQ(static_cast<Address&>(accepted[0].client), own_address(client.get()));
  EXPECT_EQ(accepted[0].destination, destination);
  EXPECT_EQ(accepted[0].mode, ArrivalMode::fixed);
  EXPECT_EQ(accepted[0].listener, 7u);
  char byte;
  EXPECT_EQ(recv(accepted[0].fd.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(AListener, HandsOnWhomItRefusesWithTheReason) {
  auto opened = open_listening_socket({.address = at("127.0.0.1:0")});
  const Address own = *listening_address(opened->get());
  Arrivals ours({own.port}, local, table);
  Listener direct(*loop, *std::move(opened), ours, *this);
  ASSERT_TRUE(direct.resume());
  const Fd client = connect_to(own);
  ASSERT_TRUE(pump(*loop, [&] { return refused.size() == 1; }));
  EXPECT_EQ(refused[0].why, ArrivalRefusal::direct_hit);
  EXPECT_TRUE(refused[0].fd);
  EXPECT_EQ(static_cast<Address&>(refused[0].client), own_address(client.get()));
}

TEST_F(AListener, RestsUntilItIsResumedAndAfterAPause) {
  const Fd first = connect_to(address);
  some_passes();
  EXPECT_TRUE(accepted.empty());
  ASSERT_TRUE(listener->resume());
  ASSERT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
  listener->pause();
  const Fd second = connect_to(address);
  some_passes();
  EXPECT_EQ(accepted.size(), 1u);
  ASSERT_TRUE(listener->resume());
  EXPECT_TRUE(pump(*loop, [&] { return accepted.size() == 2; }));
}

TEST_F(AListener, StopsInsideItsBatchWhenItsOwnerPausesIt) {
  std::vector<Fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_to(address));
  then = [&] {
    if (accepted.size() == 2) listener->pause();
  };
  ASSERT_TRUE(listener->resume());
  some_passes();
  EXPECT_EQ(accepted.size(), 2u);
}

TEST_F(AListener, MayBeDestroyedByItsOwnerInACall) {
  std::vector<Fd> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect_to(address));
  then = [&] { listener.reset(); };
  ASSERT_TRUE(listener->resume());
  some_passes();
  EXPECT_EQ(accepted.size(), 1u);
}

TEST_F(AListener, AcceptsABatchPerEvent) {
  std::vector<Fd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect_to(address));
  ASSERT_TRUE(listener->resume());
  loop->run_once();
  EXPECT_EQ(accepted.size(), 16u);
  loop->run_once();
  EXPECT_EQ(accepted.size(), 20u);
}

// Allows no descriptor beyond those that are open.
struct NoDescriptorLeft {
  NoDescriptorLeft() {
    getrlimit(RLIMIT_NOFILE, &before);
    const Fd lowest(dup(0));
    const rlimit none{.rlim_cur = rlim_t(lowest.get()), .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptorLeft() { setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

TEST_F(AListener, WaitsOutAShortWantOfDescriptors) {
  serve_one();
  const Fd client = connect_to(address);
  {
    NoDescriptorLeft none;
    loop->run_once();
    EXPECT_EQ(exhausted, std::vector<int>{EMFILE});
    EXPECT_EQ(shed, 0u);
    EXPECT_FALSE(listener->accepting());
  }
  EXPECT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
}

TEST_F(AListener, TellsClientsWhenTheWantLasts) {
  serve_one();
  const Fd client = connect_to(address);
  {
    NoDescriptorLeft none;
    EXPECT_TRUE(pump(*loop, [&] { return shed == 1; }));
    EXPECT_EQ(exhausted.size(), 2u);
  }
  char byte;
  EXPECT_EQ(recv(client.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  const Fd next = connect_to(address);
  EXPECT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
}

TEST_F(AListener, StaysPausedWhenItsRestEnds) {
  serve_one();
  const Fd client = connect_to(address);
  {
    NoDescriptorLeft none;
    loop->run_once();
  }
  listener->pause();
  const auto rested = std::chrono::steady_clock::now() + Milliseconds{20};
  while (std::chrono::steady_clock::now() < rested) loop->run_once();
  EXPECT_TRUE(accepted.empty());
  ASSERT_TRUE(listener->resume());
  EXPECT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
}

}  // namespace
}  // namespace hyalite

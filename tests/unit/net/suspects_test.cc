// SPDX-License-Identifier: MIT
#include "net/suspects.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/pump.h"
#include "support/tcp.h"

namespace hyalite {
namespace {

struct Suspected : testing::Test, ListenerOwner {
  void on_accepted(Accepted one) override { accepted.push_back(std::move(one)); }
  void on_refused(Refused one) override { refused.push_back(std::move(one)); }
  void on_exhausted(int, std::size_t) override {}

  // A client that has the very ports of a connection of ours that nobody has answered yet.
  Refused suspect() {
    client = connect_to(own_address(door.get()));
    Fd ours(accept(door.get(), nullptr, nullptr));
    guard = table.insert(0, own_address(client.get()), own_address(door.get()));
    return {ArrivalRefusal::loop_of_ours, std::move(ours), ClientAddress{own_address(client.get())}, 3};
  }

  std::unique_ptr<Loop> loop = *Loop::open();
  std::vector<std::byte> memory = std::vector<std::byte>(LoopTable::bytes_for(64) + 64);
  LoopTable table{aligned()};
  LocalAddresses local{loop->clock()};
  Arrivals arrivals{{1}, local, table};
  Suspects suspects{*loop, arrivals, *this};
  Fd door = listen_at(at("127.0.0.1:0")), client;
  LoopTable::Entry guard;
  std::vector<Accepted> accepted;
  std::vector<Refused> refused;

 private:
  std::span<std::byte> aligned() {
    void* at = memory.data();
    std::size_t room = memory.size();
    std::align(64, LoopTable::bytes_for(64), at, room);
    return {static_cast<std::byte*>(at), LoopTable::bytes_for(64)};
  }
};

TEST_F(Suspected, IsServedOnceOurConnectionGotItsAnswer) {
  suspects.on_refused(suspect());
  for (int i = 0; i < 3; ++i) loop->run_once();
  EXPECT_TRUE(accepted.empty() && refused.empty());
  guard.remove();
  ASSERT_TRUE(pump(*loop, [&] { return accepted.size() == 1; }));
  EXPECT_EQ(accepted[0].listener, 3u);
  EXPECT_TRUE(accepted[0].fd);
  EXPECT_EQ(suspects.held(), 0u);
}

TEST_F(Suspected, IsRefusedWhenNoAnswerComes) {
  suspects.on_refused(suspect());
  ASSERT_TRUE(pump(*loop, [&] { return refused.size() == 1; }));
  EXPECT_EQ(refused[0].why, ArrivalRefusal::loop_of_ours);
  EXPECT_TRUE(accepted.empty());
}

TEST_F(Suspected, IsRefusedWhenNobodyCanWaitAnyMore) {
  suspects.on_refused(suspect());
  suspects.give_up();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_TRUE(refused[0].fd);
  EXPECT_EQ(suspects.held(), 0u);
}

TEST_F(Suspected, DirectHitsAreRefusedAtOnce) {
  suspects.on_refused({ArrivalRefusal::direct_hit, Fd(), ClientAddress{}, 0});
  EXPECT_EQ(refused.size(), 1u);
}

TEST_F(Suspected, OnlySoManyWait) {
  for (std::size_t i = 0; i < Suspects::kMost + 5; ++i) {
    suspects.on_refused({ArrivalRefusal::loop_of_ours, Fd(dup(door.get())), ClientAddress{}, 0});
  }
  EXPECT_EQ(suspects.held(), Suspects::kMost);
  EXPECT_EQ(refused.size(), 5u);
}

}  // namespace
}  // namespace hyalite

// SPDX-License-Identifier: MIT
#include "process/listening_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace hyalite {

namespace {

const Address kAny = *Address::parse("127.0.0.1:0");

bool connects_to(const Address& address) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, AF_INET);
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0;
}

}  // namespace

TEST(ListeningSockets, OpenOneSocketPerSlotOnOnePort) {
  ListeningSockets sockets;
  const auto group = sockets.provide(kAny, Transparent::no, 3);
  ASSERT_TRUE(group) << group.error().text;
  EXPECT_EQ((*group)->slots.size(), 3u);
  EXPECT_NE((*group)->bound.port, 0);
  EXPECT_TRUE(connects_to((*group)->bound));
  EXPECT_EQ(sockets.text(), (*group)->bound.text());
}

TEST(ListeningSockets, GiveTheSameOnesAgainAndNeverFewer) {
  ListeningSockets sockets;
  const Address bound = (*sockets.provide(kAny, Transparent::no, 3))->bound;
  const auto again = sockets.provide(kAny, Transparent::no, 1);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->bound, bound);
  EXPECT_EQ((*again)->slots.size(), 3u);
  EXPECT_EQ((*sockets.provide(kAny, Transparent::no, 4))->slots.size(), 4u);
}

TEST(ListeningSockets, CloseWhatNobodyAsksForAnyMore) {
  ListeningSockets sockets;
  const Address bound = (*sockets.provide(kAny, Transparent::no, 1))->bound;
  sockets.settle({kAny});
  EXPECT_TRUE(connects_to(bound));
  sockets.settle({});
  EXPECT_FALSE(connects_to(bound));
}

TEST(ListeningSockets, GoBackToWhatWasServedBefore) {
  ListeningSockets sockets;
  (void)sockets.provide(kAny, Transparent::no, 2);
  sockets.settle({kAny});
  (void)sockets.provide(kAny, Transparent::no, 5);
  const Address other = (*sockets.provide(*Address::parse("127.0.0.2:0"), Transparent::no, 1))->bound;
  sockets.go_back();
  ASSERT_EQ(sockets.groups().size(), 1u);
  EXPECT_EQ(sockets.groups()[0].slots.size(), 2u);
  EXPECT_FALSE(connects_to(other));
}

TEST(ListeningSockets, RefuseNumbersThatCannotBe) {
  ListeningSockets sockets;
  EXPECT_FALSE(sockets.provide(kAny, Transparent::no, 0));
  EXPECT_FALSE(sockets.provide(kAny, Transparent::no, ListeningSockets::kMostSlots + 1));
  EXPECT_FALSE(sockets.provide(*Address::parse("192.0.2.1:0"), Transparent::no, 1)) << "not our address";
}

}  // namespace hyalite

// SPDX-License-Identifier: MIT
#include "tls/signer_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "base/fd.h"

namespace hyalite {
namespace {

struct Link : ::testing::Test {
  Link() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    ours.reset(pair[0]);
    theirs.reset(pair[1]);
  }
  void say(std::string_view message) {
    EXPECT_EQ(::send(theirs.get(), message.data(), message.size(), MSG_DONTWAIT), static_cast<ssize_t>(message.size()));
  }
  Fd ours, theirs;
  std::string buffer;
};

// Several workers in turn use one socket: who took over one of them must not end it for the next.
TEST_F(Link, IsNotOverWhenAMessageHasNoBytes) {
  say("");
  say("request");
  const auto nothing = receive_message(ours.get(), buffer);
  ASSERT_TRUE(nothing);
  ASSERT_TRUE(nothing->has_value());
  EXPECT_EQ(**nothing, "");
  const auto request = receive_message(ours.get(), buffer);
  ASSERT_TRUE(request && request->has_value());
  EXPECT_EQ(**request, "request");
  const auto later = receive_message(ours.get(), buffer);
  ASSERT_TRUE(later);
  EXPECT_FALSE(later->has_value());
}

// Each takes one turn, or whoever sends such messages would be the only one who is heard.
TEST_F(Link, TellsOfEachMessageThatIsTooLong) {
  const int room = 1 << 20;
  ::setsockopt(theirs.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  say(std::string(kMostSignerBytes + 1, 'x'));
  say("request");
  const auto nonsense = receive_message(ours.get(), buffer);
  ASSERT_TRUE(nonsense && nonsense->has_value());
  EXPECT_EQ(**nonsense, "");
  EXPECT_EQ(**receive_message(ours.get(), buffer), "request");
}

TEST_F(Link, IsOverWhenTheOtherEndIsGone) {
  theirs.reset();
  EXPECT_FALSE(receive_message(ours.get(), buffer));
}

}  // namespace
}  // namespace hyalite

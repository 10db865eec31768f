// Messages and descriptors between two ends.
// SPDX-License-Identifier: MIT
#include "process/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/messages.h"

namespace hyalite {

namespace {

struct Ends {
  Channel left, right;
  Ends() { std::tie(left, right) = std::move(*Channel::pair()); }
  Received next() {
    auto received = right.receive();
    EXPECT_TRUE(received && *received);
    return received && *received ? std::move(**received) : Received{};
  }
};

Stop stop_within(std::uint64_t ms) {
  Stop stop;
  stop.deadline_ms = ms;
  return stop;
}

}  // namespace

TEST(Channel, BringsAMessageAsItWasSent) {
  Ends ends;
  ASSERT_TRUE(ends.left.send(stop_within(1'500)));
  const auto stop = ends.next().as<Stop>();
  ASSERT_TRUE(stop);
  EXPECT_EQ(stop->deadline_ms, 1'500u);
}

TEST(Channel, SaysWhenNothingHasComeYet) {
  Ends ends;
  const auto received = ends.right.receive();
  ASSERT_TRUE(received);
  EXPECT_FALSE(*received);
}

TEST(Channel, BringsDescriptorsThatAreClosedOnExec) {
  Ends ends;
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Fd read_end(pipe[0]), write_end(pipe[1]);
  ASSERT_TRUE(ends.left.send(QuestionEnd{}, {write_end.get()}));
  const Received received = ends.next();
  ASSERT_TRUE(received.as<QuestionEnd>(1));
  EXPECT_FALSE(received.as<QuestionEnd>(0)) << "a descriptor nobody expects";
  EXPECT_NE(::fcntl(received.fds[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_EQ(::write(received.fds[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
}

TEST(Channel, DoesNotTakeOneMessageForAnother) {
  Ends ends;
  ASSERT_TRUE(ends.left.send(Drain{}));
  EXPECT_FALSE(ends.next().as<Stop>());
  ASSERT_TRUE(ends.left.send_bytes(Stop::kType, "short"));
  EXPECT_FALSE(ends.next().as<Stop>()) << "another size";
}

TEST(Channel, IsLostWhenThePeerIsGoneButNotWhatItSaidBefore) {
  Ends ends;
  ASSERT_TRUE(ends.left.send(Drain{}));
  // What the peer did not read makes the kernel report a reset first.
  ASSERT_TRUE(ends.right.send(Drain{}));
  ends.left.close();
  EXPECT_TRUE(ends.next().as<Drain>());
  EXPECT_FALSE(ends.right.receive());
  EXPECT_FALSE(ends.right.send(Drain{}));
}

TEST(Channel, LosesTheMessageAloneWhoseDescriptorsFindNoPlace) {
  Ends ends;
  ASSERT_TRUE(ends.left.send(QuestionEnd{}, {ends.left.fd()}));
  ASSERT_TRUE(ends.left.send(Drain{}));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Fd lowest(::open("/dev/null", O_RDONLY));
  const rlimit none{static_cast<rlim_t>(lowest.get()), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Received cut = ends.next();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(cut.cut);
  EXPECT_TRUE(cut.fds.empty());
  EXPECT_FALSE(cut.as<QuestionEnd>(1));
  EXPECT_FALSE(cut.as<QuestionEnd>(0)) << "no message without descriptors either";
  EXPECT_TRUE(ends.next().as<Drain>()) << "the peer is there all the same";
}

TEST(Channel, IsLostWhenThePeerSpeaksSomethingElse) {
  for (const std::string_view noise : {"x", "GET / HTTP/1.1\r\n\r\n", "Hyalxxxxyyyy"}) {
    Ends ends;
    ASSERT_EQ(::send(ends.left.fd(), noise.data(), noise.size(), 0),
              static_cast<ssize_t>(noise.size()));
    EXPECT_FALSE(ends.right.receive()) << noise;
  }
}

TEST(Channel, FailsInsteadOfWaitingForAPeerThatDoesNotRead) {
  Ends ends;
  const std::string body(Channel::kMostBytes, 'x');
  int sent = 0;
  while (sent < 1'000 && ends.left.send_bytes(kLiveViewAnswer, body)) ++sent;
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 1'000);
  EXPECT_FALSE(ends.left.send_bytes(kLiveViewAnswer, body + 'x')) << "too long for any peer";
  EXPECT_EQ(ends.next().body, body);
}

TEST(Channel, HoldsMoreWhenItIsWide) {
  const auto room = [](const Channel& end) {
    int bytes = 0;
    socklen_t size = sizeof(bytes);
    EXPECT_EQ(::getsockopt(end.fd(), SOL_SOCKET, SO_SNDBUF, &bytes, &size), 0);
    return bytes;
  };
  Ends ends;
  ends.left.widen();
  EXPECT_GT(room(ends.left), room(ends.right));
}

TEST(FixedText, HoldsWhatFitsAndEndsWhereItEnds) {
  EXPECT_EQ(FixedText<8>("abc").text(), "abc");
  EXPECT_EQ(FixedText<4>("abcdef").text(), "abcd");
  EXPECT_EQ(FixedText<4>().text(), "");
}

}  // namespace hyalite

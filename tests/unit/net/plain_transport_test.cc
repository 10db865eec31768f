// SPDX-License-Identifier: MIT
#include "net/plain_transport.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "support/tcp.h"

namespace hyalite {
namespace {

using State = Moved::State;

struct APlainTransport : testing::Test {
  APlainTransport() {
    const Fd listening = listen_at(at("127.0.0.1:0"));
    peer = connect_to(own_address(listening.get()));
    transport = std::make_unique<PlainTransport>(
        Fd(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK)));
  }
  // All that the peer gets until the end, or until it has `most` bytes.
  std::string take(std::size_t most = SIZE_MAX) {
    std::string all;
    char piece[4096];
    while (all.size() < most) {
      const ssize_t n = recv(peer.get(), piece, std::min(sizeof piece, most - all.size()), 0);
      if (n <= 0) break;
      all.append(piece, std::size_t(n));
    }
    return all;
  }
  Moved write(std::vector<Bytes> pieces, bool more = false) {
    return transport->write(pieces, more);
  }
  void reset_by_peer() {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    peer.reset();
  }

  Fd peer;
  std::unique_ptr<PlainTransport> transport;
  char room[64];
};

TEST_F(APlainTransport, ReadsWhatIsThereAndThenSaysLaterAndAtTheEndEnded) {
  EXPECT_EQ(transport->read(room).state, State::later);
  ASSERT_EQ(send(peer.get(), "hello", 5, 0), 5);
  const Moved got = transport->read(room);
  EXPECT_EQ(got.state, State::moved);
  EXPECT_EQ(std::string(room, got.bytes), "hello");
  shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(transport->read(room).state, State::ended);
}

TEST_F(APlainTransport, WritesPiecesInOrder) {
  const Moved sent = write({"one", "", "two", "three"});
  EXPECT_EQ(sent.state, State::moved);
  EXPECT_EQ(sent.bytes, 11u);
  EXPECT_EQ(take(11), "onetwothree");
}

TEST_F(APlainTransport, SaysHowManyBytesOfManyPiecesItMoved) {
  const std::vector<Bytes> pieces(1'000, "ab");  // more than one call can take
  const Moved sent = write(pieces);
  EXPECT_EQ(sent.state, State::moved);
  EXPECT_GT(sent.bytes, 0u);
  EXPECT_LT(sent.bytes, 2'000u);
  EXPECT_EQ(sent.bytes % 2, 0u);
}

TEST_F(APlainTransport, SaysLaterWhenThePeerTakesNothing) {
  const std::string lots(1 << 20, 'x');
  std::size_t total = 0;
  Moved sent = write({lots});
  for (; sent.state == State::moved; sent = write({lots})) total += sent.bytes;
  EXPECT_EQ(sent.state, State::later);
  transport->end_writing();
  EXPECT_EQ(take().size(), total);
}

TEST_F(APlainTransport, HoldsBackASmallPieceWhenMoreFollowsAndThenSendsBothAtOnce) {
  write({"head "}, true);
  EXPECT_EQ(recv(peer.get(), room, sizeof room, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
  write({"body"});
  EXPECT_EQ(take(9), "head body");
}

TEST_F(APlainTransport, GoesOnReadingAfterItEndedWriting) {
  transport->end_writing();
  EXPECT_EQ(take(), "");
  ASSERT_EQ(send(peer.get(), "still", 5, 0), 5);
  EXPECT_EQ(transport->read(room).bytes, 5u);
}

TEST_F(APlainTransport, ResetsOnCloseWhenTold) {
  transport->abort_on_close();
  transport.reset();
  EXPECT_EQ(recv(peer.get(), room, sizeof room, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(APlainTransport, SaysBrokenAndWhy) {
  reset_by_peer();
  const Moved got = transport->read(room);
  EXPECT_EQ(got.state, State::broken);
  EXPECT_EQ(got.error, ECONNRESET);
  EXPECT_EQ(transport->take_error(), 0);
  const Moved sent = write({"x"});  // and no SIGPIPE
  EXPECT_EQ(sent.state, State::broken);
  EXPECT_EQ(sent.error, EPIPE);
}

TEST_F(APlainTransport, SaysBrokenBehindWhatCameWhereWritingMetTheReset) {
  ASSERT_EQ(send(peer.get(), "last", 4, 0), 4);
  reset_by_peer();
  EXPECT_EQ(write({"x"}).error, ECONNRESET);
  EXPECT_EQ(write({"x"}).error, EPIPE);
  EXPECT_EQ(transport->read(room).bytes, 4u);
  const Moved end = transport->read(room);
  EXPECT_EQ(end.state, State::broken);
  EXPECT_EQ(end.error, ECONNRESET);
}

TEST_F(APlainTransport, SaysBrokenWhereWhoeverMovedBytesWithoutItMetTheReset) {
  reset_by_peer();
  ASSERT_EQ(recv(transport->fd(), room, sizeof room, 0), -1);
  transport->met(errno);
  EXPECT_EQ(transport->read(room).state, State::broken);
}

TEST_F(APlainTransport, SaysEndedWhereTheResetCameBehindTheEnd) {
  shutdown(peer.get(), SHUT_WR);
  reset_by_peer();
  EXPECT_EQ(write({"x"}).error, EPIPE);
  EXPECT_EQ(transport->read(room).state, State::ended);
}

}  // namespace
}  // namespace hyalite

// SPDX-License-Identifier: MIT
#include "net/splice.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <signal.h>

#include <random>
#include <string>

#include "support/tcp.h"

namespace hyalite {
namespace {

// Two TCP connections with a splice between them: near -> (from, to) -> far.
struct ASplice : testing::Test {
  ASplice() {
    signal(SIGPIPE, SIG_IGN);
    const Fd listening = listen_at(at("127.0.0.1:0"));
    near = connect_to(own_address(listening.get()));
    from.reset(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK));
    to = connect_to(own_address(listening.get()));
    far.reset(accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK));
    fcntl(to.get(), F_SETFL, O_NONBLOCK);
    fcntl(near.get(), F_SETFL, O_NONBLOCK);
  }
  std::string take() {
    std::string got(1 << 16, '\0');
    const ssize_t n = recv(far.get(), got.data(), got.size(), 0);
    got.resize(n > 0 ? std::size_t(n) : 0);
    return got;
  }
  Splice open(std::uint64_t most = UINT64_MAX) { return *Splice::open(pool, most); }

  Fd near, from, to, far;
  PipePool pool{2, 1};
};

using State = Splice::State;
constexpr std::size_t kPlenty = 1 << 24;

TEST_F(ASplice, MovesEverythingInOrderUntilTheEnd) {
  std::mt19937 random(3);
  std::string sent, got;
  for (int i = 0; i < 3'000'000; ++i) sent += static_cast<char>(random());
  Splice splice = open();
  std::size_t written = 0;
  State state = State::needs_source;
  while (state != State::end) {
    if (written < sent.size()) {
      const std::size_t piece =
          std::min<std::size_t>(random() % 100'000 + 1, sent.size() - written);
      const ssize_t n = send(near.get(), sent.data() + written, piece, 0);
      if (n > 0) written += std::size_t(n);
      if (written == sent.size()) shutdown(near.get(), SHUT_WR);
    }
    state = splice.move(from.get(), to.get(), random() % 300'000 + 1);
    ASSERT_NE(state, State::failed);
    got += take();
  }
  while (got.size() < sent.size()) got += take();
  EXPECT_TRUE(got == sent);
  EXPECT_EQ(splice.read(), sent.size());
  EXPECT_EQ(splice.written(), sent.size());
  EXPECT_TRUE(splice.source_ended());
}

TEST_F(ASplice, SaysWhatItWaitsFor) {
  Splice splice = open();
  EXPECT_EQ(splice.move(from.get(), to.get(), kPlenty), State::needs_source);
  const std::string lots(1 << 20, 'x');
  State state = State::needs_source;
  while (state != State::needs_sink) {  // far reads nothing
    send(near.get(), lots.data(), lots.size(), 0);
    state = splice.move(from.get(), to.get(), kPlenty);
    ASSERT_NE(state, State::failed);
  }
  EXPECT_GT(splice.in_pipe(), 0u);
  while (!take().empty()) {
  }
  EXPECT_NE(splice.move(from.get(), to.get(), kPlenty), State::failed);
}

TEST_F(ASplice, GivesOnWhatItHasAndTakesNothing) {
  Splice splice = open();
  EXPECT_EQ(splice.drain(to.get()), State::end);
  const std::string lots(1 << 20, 'x');
  while (splice.in_pipe() == 0) {  // far reads nothing
    send(near.get(), lots.data(), lots.size(), 0);
    ASSERT_NE(splice.move(from.get(), to.get(), kPlenty), State::failed);
  }
  const std::uint64_t read = splice.read();
  State state = State::needs_sink;
  while (state == State::needs_sink) {
    take();
    state = splice.drain(to.get());
  }
  EXPECT_EQ(state, State::end);
  EXPECT_EQ(splice.in_pipe(), 0u);
  EXPECT_EQ(splice.read(), read);
}

TEST_F(ASplice, StopsAtItsBudgetAndAtTheLengthItWasGiven) {
  ASSERT_EQ(send(near.get(), "0123456789", 10, 0), 10);
  Splice splice = open(7);
  EXPECT_EQ(splice.move(from.get(), to.get(), 3), State::budget);
  EXPECT_EQ(splice.written(), 3u);
  EXPECT_EQ(splice.move(from.get(), to.get(), kPlenty), State::end);
  EXPECT_FALSE(splice.source_ended());
  EXPECT_EQ(take(), "0123456");
  char rest[8];
  EXPECT_EQ(recv(from.get(), rest, sizeof rest, 0), 3);  // the next message is untouched
}

TEST_F(ASplice, TellsOnWhichSideItFailed) {
  ASSERT_EQ(send(near.get(), "x", 1, 0), 1);
  shutdown(to.get(), SHUT_WR);
  Splice splice = open();
  EXPECT_EQ(splice.move(from.get(), to.get(), kPlenty), State::failed);
  EXPECT_EQ(splice.failed_side(), Splice::Side::sink);
  EXPECT_EQ(splice.failure(), EPIPE);

  const linger abort{.l_onoff = 1, .l_linger = 0};
  setsockopt(near.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  near.reset();
  Splice second = open();
  EXPECT_EQ(second.move(from.get(), far.get(), kPlenty), State::failed);
  EXPECT_EQ(second.failed_side(), Splice::Side::source);
  EXPECT_EQ(second.failure(), ECONNRESET);
}

TEST_F(ASplice, LeavesNoForeignBytesInThePool) {
  {
    ASSERT_EQ(send(near.get(), "secret", 6, 0), 6);
    shutdown(to.get(), SHUT_WR);
    Splice splice = open();
    EXPECT_EQ(splice.move(from.get(), to.get(), kPlenty), State::failed);
    EXPECT_EQ(splice.in_pipe(), 6u);
  }
  EXPECT_EQ(pool.in_use(), 0u);
  const auto pipe = pool.take();
  char byte;
  EXPECT_EQ(::read(pipe->read.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(ASplice, TakesNoMorePipesThanAllowed) {
  auto a = Splice::open(pool);
  {
    const auto b = Splice::open(pool);
    EXPECT_TRUE(a && b);
    const auto c = Splice::open(pool);
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().code, EMFILE);
  }
  EXPECT_TRUE(Splice::open(pool));
}

}  // namespace
}  // namespace hyalite

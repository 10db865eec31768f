// SPDX-License-Identifier: MIT
#include "tls/tls_transport.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/authority.h"
#include "tests/support/tls_peer.h"

namespace hyalite {
namespace {

// What lies below: two strings. `reads`: does the peer take what is written? `asked`: how often we read.
struct Lines {
  std::string to_us, to_peer;
  bool reads = true;
  int asked = 0;
};

class Below final : public Transport {
 public:
  explicit Below(Lines& lines) : lines_(lines) {}
  Moved read(std::span<char> room) override {
    ++lines_.asked;
    const std::size_t n = lines_.to_us.copy(room.data(), room.size());
    lines_.to_us.erase(0, n);
    return n > 0 ? Moved{Moved::State::moved, n, 0, n < room.size()} : Moved{Moved::State::later};
  }
  Moved write(std::span<const Bytes> pieces, bool) override {
    if (!lines_.reads) return {Moved::State::later};
    std::size_t n = 0;
    for (const Bytes piece : pieces) {
      lines_.to_peer += piece;
      n += piece.size();
    }
    return {Moved::State::moved, n};
  }
  void end_writing() override {}
  void abort_on_close() override {}
  int take_error() override { return 0; }
  int fd() const override { return -1; }

 private:
  Lines& lines_;
};

// A server's side, ours, and a client that speaks the library's own TLS over strings.
class AServersSide : public testing::Test {
 protected:
  void start() {
    Connection accepting(SSL_new(server_.get()));
    SSL_set_accept_state(accepting.get());
    SSL_set_read_ahead(accepting.get(), 1);  // as all of ours have it
    facts_ = {};
    transport_.emplace(std::make_unique<Below>(lines_), Bytes(), std::move(accepting), scratch_, facts_, nullptr);
  }
  void SetUp() override {
    start();
    SSL_set_connect_state(peer_.get());
    SSL_set_bio(peer_.get(), in_, out_);
    do {
      speak();
    } while (transport_->negotiate().state == Moved::State::later);
    ASSERT_TRUE(facts_.done) << facts_.error;
  }

  // The client takes what came, and says what it has to say.
  void speak() {
    BIO_write(in_, lines_.to_peer.data(), static_cast<int>(lines_.to_peer.size()));
    lines_.to_peer.clear();
    SSL_do_handshake(peer_.get());
    std::string said(BIO_ctrl_pending(out_), '\0');
    if (!said.empty()) BIO_read(out_, said.data(), static_cast<int>(said.size()));
    lines_.to_us += said;
  }
  // Each update of keys asks for one of ours in return (RFC 8446, section 4.6.3).
  void ask_for_new_keys() {
    ASSERT_EQ(SSL_key_update(peer_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    speak();
  }
  void say(Bytes bytes) {
    ASSERT_EQ(SSL_write(peer_.get(), bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
    speak();
  }

  const TestAuthority root_{"Root", SystemClock().wall_time()};
  const Issued own_ = root_.issue({"server.example"});
  const Context server_ = server_context(own_), client_ = client_context(root_.own().certificate);
  Connection peer_{SSL_new(client_.get())};
  BIO *in_ = BIO_new(BIO_s_mem()), *out_ = BIO_new(BIO_s_mem());
  Lines lines_;
  TlsScratch scratch_;
  TlsFacts facts_;
  std::optional<TlsTransport> transport_;
  std::array<char, 1024> room_;
};

// With a byte of its own each time, it is not one that says nothing.
TEST_F(AServersSide, APeerThatMakesUsAnswerAndReadsNothingIsCutOff) {
  lines_.reads = false;
  Moved moved{Moved::State::later};
  for (int asked = 0; asked < 20'000 && moved.state != Moved::State::broken; ++asked) {
    ask_for_new_keys();
    say("x");
    moved = transport_->read(room_);
  }
  EXPECT_EQ(moved.state, Moved::State::broken);
}

TEST_F(AServersSide, APeerThatOnlyChangesKeysIsCutOff) {
  for (int asked = 0; asked < 100; ++asked) ask_for_new_keys();
  lines_.to_peer.clear();
  EXPECT_EQ(transport_->read(room_).state, Moved::State::broken);
  const std::size_t answers = lines_.to_peer.size();
  EXPECT_LT(answers, 33u * 32) << "not each was answered";
  EXPECT_EQ(transport_->read(room_).state, Moved::State::broken);
  EXPECT_EQ(lines_.to_peer.size(), answers);
}

TEST_F(AServersSide, APeerThatChangesKeysNowAndThenIsNot) {
  for (int round = 0; round < 10; ++round) {
    for (int asked = 0; asked < 30; ++asked) ask_for_new_keys();
    EXPECT_EQ(transport_->read(room_).state, Moved::State::later);
    say("x");
    EXPECT_EQ(transport_->read(room_).bytes, 1u);
  }
}

// New keys cost far more than a small record.
TEST_F(AServersSide, ACallEndsBeforeThePeerDoes) {
  for (int record = 0; record < 1000; ++record) say("x");
  const Moved first = transport_->read(room_);
  EXPECT_EQ(first.bytes, 512u);
  EXPECT_FALSE(first.drained) << "or nobody would come again";
  const Moved second = transport_->read(room_);
  EXPECT_EQ(second.bytes, 488u);
  EXPECT_TRUE(second.drained);

  for (int record = 0; record < 20; ++record) {
    ask_for_new_keys();
    say("x");
  }
  const Moved third = transport_->read(room_);
  EXPECT_EQ(third.bytes, 8u);
  EXPECT_FALSE(third.drained);
}

TEST_F(AServersSide, AHandshakeMayNotComeByteByByte) {
  constexpr int kSize = 10'000;
  std::string message{1, 0, kSize >> 8, kSize & 255};
  message.resize(kSize, '\0');
  lines_.to_us.clear();
  for (const char byte : message) lines_.to_us += Bytes("\x16\x03\x01\x00\x01", 5), lines_.to_us += byte;
  start();
  EXPECT_EQ(transport_->negotiate().state, Moved::State::broken);
  EXPECT_EQ(facts_.failure, HandshakeFailure::unacceptable);
  EXPECT_EQ(facts_.error, "the peer's handshake comes in too many pieces");
}

TEST_F(AServersSide, AReadThatTookAllThereWasSavesTheOneThatSaysSo) {
  say("one");
  say("two");
  lines_.asked = 0;
  const Moved moved = transport_->read(room_);
  EXPECT_EQ(Bytes(room_.data(), moved.bytes), "onetwo");
  EXPECT_TRUE(moved.drained);
  EXPECT_EQ(lines_.asked, 1);
}

// What is left of it is read when the rest is told.
TEST_F(AServersSide, HalfARecordIsNoReasonToGoOnAsking) {
  say("one");
  const std::string whole = lines_.to_us;
  lines_.to_us.resize(whole.size() - 1);
  EXPECT_EQ(transport_->read(room_).state, Moved::State::later);
  lines_.to_us = whole.substr(whole.size() - 1);
  const Moved moved = transport_->read(room_);
  EXPECT_EQ(Bytes(room_.data(), moved.bytes), "one");
  EXPECT_TRUE(moved.drained);
}

// Less room than there is: the rest lies with the library, and nobody would tell of it.
TEST_F(AServersSide, WhatTheLibraryStillHoldsIsNotTakenForNothing) {
  say(std::string(1500, 'x'));
  const Moved first = transport_->read(room_);
  EXPECT_EQ(first.bytes, room_.size());
  EXPECT_FALSE(first.drained);
  const Moved second = transport_->read(room_);
  EXPECT_EQ(second.bytes, 1500 - room_.size());
  EXPECT_TRUE(second.drained);
}

}  // namespace
}  // namespace hyalite

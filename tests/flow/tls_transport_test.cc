// SPDX-License-Identifier: MIT
#include "tls/tls_transport.h"

#include <gtest/gtest.h>

#include "tests/support/authority.h"
#include "tests/support/tls_peer.h"

namespace hyalite {
namespace {

// What lies below: two strings. `reads`: does the peer take what is written?
struct Lines {
  std::string to_us, to_peer;
  bool reads = true;
};

class Below final : public Transport {
 public:
  explicit Below(Lines& lines) : lines_(lines) {}
  Moved read(std::span<char> room) override {
    const std::size_t n = lines_.to_us.copy(room.data(), room.size());
    lines_.to_us.erase(0, n);
    return n > 0 ? Moved{Moved::State::moved, n} : Moved{Moved::State::later};
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

// Each update of keys asks for one of ours in return (RFC 8446, section 4.6.3).
TEST(TlsTransport, APeerThatMakesUsAnswerAndReadsNothingIsCutOff) {
  const Authority root("Root", SystemClock().wall_time());
  const Issued own = root.issue({"server.example"});
  const Context server = server_context(own), client = client_context(root.own().certificate);
  Lines lines;
  TlsScratch scratch;
  TlsFacts facts;
  Connection accepting(SSL_new(server.get()));
  SSL_set_accept_state(accepting.get());
  TlsTransport transport(std::make_unique<Below>(lines), {}, std::move(accepting), scratch, facts, nullptr);
  Connection peer(SSL_new(client.get()));
  SSL_set_connect_state(peer.get());
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  SSL_set_bio(peer.get(), in, out);
  const auto speak = [&] {
    BIO_write(in, lines.to_peer.data(), static_cast<int>(lines.to_peer.size()));
    lines.to_peer.clear();
    SSL_do_handshake(peer.get());
    std::string said(BIO_ctrl_pending(out), '\0');
    if (!said.empty()) BIO_read(out, said.data(), static_cast<int>(said.size()));
    lines.to_us += said;
  };
  do {
    speak();
  } while (transport.negotiate().state == Moved::State::later);
  ASSERT_TRUE(facts.done) << facts.error;

  lines.reads = false;
  std::array<char, 1024> room;
  Moved moved{Moved::State::later};
  for (int asked = 0; asked < 20'000 && moved.state == Moved::State::later; ++asked) {
    ASSERT_EQ(SSL_key_update(peer.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    speak();
    moved = transport.read(room);
  }
  EXPECT_EQ(moved.state, Moved::State::broken);
}

}  // namespace
}  // namespace hyalite

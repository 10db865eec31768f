#include "tls/ticket_keys.h"

#include <gtest/gtest.h>

#include "certificates.h"

namespace hyalite {
namespace {

// A worker: its context seals tickets with keys of its own making.
struct Seller {
  Seller(const TicketKeys::Secret& secret, const Clock& clock) : keys(secret, std::chrono::hours{8}, clock) {
    context = Context(SSL_CTX_new(TLS_server_method()));
    const PrivateKey key(EVP_EC_gen("P-256"));
    const Certificate own = upstream({.validity = {clock.wall_time() - Seconds{60}, clock.wall_time() + Seconds{60}}});
    Certificate mine(X509_dup(own.get()));
    X509_set_pubkey(mine.get(), key.get());
    X509_sign(mine.get(), key.get(), EVP_sha256());
    SSL_CTX_use_certificate(context.get(), mine.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 1);
    keys.serve(context.get());
  }
  TicketKeys keys;
  Context context;
};

struct TicketKeysTest : ::testing::Test {
  using Session = Shared<SSL_SESSION, SSL_SESSION_up_ref, SSL_SESSION_free>;
  struct Visit {
    bool resumed = false;
    Session ticket;  // a new one; null: none was given
  };
  static inline Session last;

  Visit visit(Seller& seller, int version, const Session& with = {}) {
    Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), [](SSL*, SSL_SESSION* session) {
      last = Session(session);
      return 1;
    });
    last = {};
    using Ssl = Owned<SSL, SSL_free>;
    const Ssl client(SSL_new(context.get())), server(SSL_new(seller.context.get()));
    BIO *one = nullptr, *other = nullptr;
    BIO_new_bio_pair(&one, 1 << 16, &other, 1 << 16);
    SSL_set_bio(client.get(), one, one);
    SSL_set_bio(server.get(), other, other);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    if (with) SSL_set_session(client.get(), with.get());
    char byte;
    for (int i = 0; i < 10; ++i) {
      if (SSL_do_handshake(client.get()) == 1) SSL_read(client.get(), &byte, 1);
      SSL_do_handshake(server.get());
    }
    EXPECT_TRUE(SSL_is_init_finished(client.get()));
    // A renewed ticket of TLS 1.2 is told to nobody.
    if (version == TLS1_2_VERSION) last = Session(SSL_get1_session(client.get()));
    // The library gives a session up whose connection was cut short.
    SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return {SSL_session_reused(server.get()) == 1, std::move(last)};
  }

  const TicketKeys::Secret secret = TicketKeys::draw();
  ManualClock clock;
};

TEST_F(TicketKeysTest, AreTheSameInAllWorkers) {
  Seller one(secret, clock), other(secret, clock);
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    const Visit first = visit(one, version);
    EXPECT_FALSE(first.resumed);
    ASSERT_TRUE(first.ticket);
    EXPECT_TRUE(visit(other, version, first.ticket).resumed);
  }
}

TEST_F(TicketKeysTest, AreChangedAndThePredecessorIsTakenForAsLongAgain) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    Seller one(secret, clock);
    const Session old = visit(one, version).ticket;
    clock.advance(std::chrono::hours{8});
    // A worker that was forked just now knows them, too.
    Seller young(secret, clock);
    const Visit second = visit(young, version, old);
    EXPECT_TRUE(second.resumed);
    ASSERT_TRUE(second.ticket) << "it is renewed";
    clock.advance(std::chrono::hours{8});
    EXPECT_FALSE(visit(one, version, old).resumed);
    EXPECT_TRUE(visit(one, version, second.ticket).resumed);
  }
}

// RFC 8446, appendix C.4: a client uses each for one connection.
TEST_F(TicketKeysTest, SealANewTicketForWhoeverUsedOne) {
  Seller one(secret, clock);
  Session ticket = visit(one, TLS1_3_VERSION).ticket;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ticket);
    Visit next = visit(one, TLS1_3_VERSION, ticket);
    EXPECT_TRUE(next.resumed);
    ticket = std::move(next.ticket);
  }
  EXPECT_TRUE(ticket);
}

TEST_F(TicketKeysTest, OfAnotherGenerationAreUnknown) {
  Seller one(secret, clock), other(TicketKeys::draw(), clock);
  const Visit first = visit(one, TLS1_3_VERSION);
  EXPECT_FALSE(visit(other, TLS1_3_VERSION, first.ticket).resumed);
}

}  // namespace
}  // namespace hyalite

// TLS that is looked into: both sides resume.
// SPDX-License-Identifier: MIT
#include <cstring>

#include "tests/flow/tls_fixture.h"
#include "tls/session_cache.h"

namespace hyalite {
namespace {

using Intercepted = TlsOnLoopback;

TEST_F(Intercepted, BothSidesResume) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    start();
    Context context = client_context(leaves->trusted.own().certificate);
    SSL_CTX_set_max_proto_version(context.get(), version);
    auto first = client(kName, context);
    first->say(kGet);
    ASSERT_TRUE(until(*first, [&] { return first->got == kAnswer; })) << first->error;
    SSL_SESSION* session = SSL_get1_session(first->ssl());
    EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_full"), 1u);

    auto second = client(kName, context);
    SSL_set_session(second->ssl(), session);
    SSL_SESSION_free(session);
    second->say(kGet);
    ASSERT_TRUE(until(*second, [&] { return second->got == kAnswer; })) << second->error;
    EXPECT_TRUE(second->resumed());
    EXPECT_EQ(count("hyalite_tls_handshakes_total", "client_resumed"), 1u);
    EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 1u);
    again();
  }
}

TEST_F(Intercepted, AnUpstreamIsOfferedTheCheapestSuiteFirst) {
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_STREQ(SSL_get_cipher_name(servers[0]->ssl()), "TLS_AES_128_GCM_SHA256");
}

// Its packet acknowledges the client's Finished: a client with Nagle's algorithm waits for that before it says what it wants.
TEST_F(Intercepted, ATicketComesBeforeTheClientHasSaidAnything) {
  static int tickets;
  tickets = 0;
  start();
  Context context = client_context(leaves->trusted.own().certificate);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(context.get(), [](SSL*, SSL_SESSION*) {
    ++tickets;
    return 0;
  });
  auto peer = client(kName, context);
  EXPECT_TRUE(until(*peer, [&] { return tickets == 1; })) << peer->error;
}

TEST_F(Intercepted, AnUpstreamResumesAgainAndAgain) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    SSL_CTX_set_max_proto_version(origin_context().get(), version);
    start();
    for (int i = 0; i < 4; ++i) {
      auto peer = client();
      peer->say(kGet);
      ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
    }
    EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 3u) << version;
    again();
  }
}

TEST_F(Intercepted, AnUpstreamResumesAfterAConnectionThatWasCutShort) {
  answers = false;
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return servers.size() == 1 && servers[0]->got == kGet; }));
  const linger reset{1, 0};
  ::setsockopt(peer->fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  peer->vanish();
  peer.reset();
  ASSERT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  answers = true;
  auto second = client();
  second->say(kGet);
  ASSERT_TRUE(until(*second, [&] { return second->got == kAnswer; })) << second->error;
  EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 1u);
}

TEST_F(Intercepted, AResumedUpstreamBringsItsDefectsAlong) {
  settings.tls.upstream.defects = DefectAnswer::mirror;
  origin_certificate = roots.issue({"other.example"});
  start();
  for (int i = 0; i < 2; ++i) {
    Context context = client_context(leaves->untrusted.own().certificate);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    auto peer = client(kName, context);
    peer->say(kGet);
    ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
    EXPECT_EQ(peer->certificate().issuer(), "CN=Nobody");
  }
  EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 1u);
  EXPECT_EQ(count("hyalite_tls_defects_total", "wrong_name"), 2u);
}

// In memory such a session takes seven times what the server sent.
TEST_F(Intercepted, AnUpstreamOfGiantCertificatesOrTicketsIsNotResumed) {
  const auto resumed = [&] {
    start();
    for (int i = 0; i < 2; ++i) {
      auto peer = client();
      peer->say(kGet);
      EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
    }
    const auto n = count("hyalite_tls_handshakes_total", "upstream_resumed");
    again();
    return n;
  };
  const auto certificate = [&](int names) {
    std::vector<std::string> all{kName};
    for (int i = 0; i < names; ++i) all.push_back("host" + std::to_string(i) + ".example.com");
    origin_certificate = roots.issue(all);
  };
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    const auto origin_speaks = [&] { SSL_CTX_set_max_proto_version(origin_context().get(), version); };
    certificate(100);
    origin_speaks();
    EXPECT_EQ(resumed(), 1u) << version;
    certificate(1000);
    origin_speaks();
    EXPECT_EQ(resumed(), 0u) << version;

    certificate(1);
    origin_speaks();
    const auto fill = [](SSL* connection, void*) {
      static const std::string kGiant(kMostSessionBytes, 'x');
      return SSL_SESSION_set1_ticket_appdata(SSL_get_session(connection), kGiant.data(), kGiant.size());
    };
    SSL_CTX_set_session_ticket_cb(origin_context().get(), fill, nullptr, nullptr);
    EXPECT_EQ(resumed(), 0u) << version;
  }
}

// "No expiry" is the end of the year 9999 (RFC 5280, section 4.1.2.5), which no count of nanoseconds reaches.
TEST_F(Intercepted, AnUpstreamWhoseCertificateNeverEndsIsResumed) {
  origin_certificate = roots.issue({kName});
  X509* x = origin_certificate.certificate.get();
  ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z");
  X509_sign(x, roots.own().key.get(), EVP_sha256());
  EXPECT_GT(PeerCertificate(Certificate(origin_certificate.certificate).release()).not_after(), now + std::chrono::years(100));
  start();
  for (int i = 0; i < 2; ++i) {
    auto peer = client();
    peer->say(kGet);
    ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  }
  EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 1u);
}

// Behind an explicit proxy: which server answers says the CONNECT.
struct BehindAProxy : TlsOnLoopback {
  void serve() override {
    constexpr std::string_view kEnd = "\r\n\r\n";
    if (Fd fd(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); fd) connects.push_back(std::move(fd));
    std::erase_if(connects, [&](Fd& fd) {
      char head[4096];
      const ssize_t n = ::recv(fd.get(), head, sizeof head, MSG_PEEK);
      if (n < 0 || !std::string_view(head, static_cast<std::size_t>(n)).ends_with(kEnd)) return false;
      (void)::recv(fd.get(), head, static_cast<std::size_t>(n), 0);
      send_to(fd.get(), "HTTP/1.1 200 OK\r\n\r\n");
      servers.push_back(std::make_unique<TlsPeer>(origin_context(), std::move(fd), true));
      return true;
    });
    TlsOnLoopback::serve();
  }
  // Through a tunnel to `target`; names nobody in TLS.
  void visit(const std::string& target, const char* name) {
    Fd fd = redirected();
    send_to(fd.get(), "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n");
    ASSERT_TRUE(pump(*loop, [&] {
      serve();
      char head[64];
      return ::recv(fd.get(), head, sizeof head, MSG_DONTWAIT) > 0;
    }));
    TlsPeer peer(client_context(leaves->trusted.own().certificate), std::move(fd), false);
    if (name != nullptr) SSL_set_tlsext_host_name(peer.ssl(), name);
    peer.say(kGet);
    ASSERT_TRUE(pump(*loop, [&] {
      while (peer.step()) {
      }
      if (peer.shaken()) peer.say("");
      serve();
      return peer.got == kAnswer;
    })) << peer.error;
  }
  std::vector<Fd> connects;
};

TEST_F(BehindAProxy, ServersWithoutANameHaveNoSessionsInCommon) {
  start();
  visit("a.example:443", nullptr);
  visit("b.example:443", nullptr);
  EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 0u);
  visit("www.example.com:443", kName);
  visit("www.example.com:443", kName);
  EXPECT_EQ(count("hyalite_tls_handshakes_total", "upstream_resumed"), 1u);
}

}  // namespace
}  // namespace hyalite

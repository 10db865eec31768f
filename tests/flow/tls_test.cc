// TLS that is looked into: whole connections over loopback, with real peers.
// SPDX-License-Identifier: MIT
#include "tests/flow/tls_fixture.h"

namespace hyalite {
namespace {

using Intercepted = TlsOnLoopback;
using End = TlsPeer::End;

TEST_F(Intercepted, ARequestIsInspectedAndAnswered) {
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error << peer->got;
  EXPECT_EQ(requests, std::vector<std::string>{kGet});
  EXPECT_EQ(count("hyalite_exchanges_total"), 1u);
  EXPECT_EQ(count("hyalite_tls_answers_total", "intercept"), 1u);
  EXPECT_EQ(peer->certificate().issuer(), "CN=Test CA");
  EXPECT_EQ(peer->certificate().names(), std::vector<std::string>{kName});
}

// ---- how it is cut into pieces ----

TEST_F(Intercepted, AHelloMayBeSplitAnywhere) {
  start();
  std::size_t size = 300;
  for (std::size_t at = 1; at < size; ++at) {
    auto peer = client();
    const std::string hello = first_flight(*peer);
    size = hello.size();
    send_to(peer->fd(), std::string_view(hello).substr(0, at));
    loop->run_once();
    send_to(peer->fd(), std::string_view(hello).substr(at));
    ASSERT_TRUE(until(*peer, [&] { return peer->shaken(); })) << at << " " << peer->error;
    servers.clear();
  }
  EXPECT_TRUE(pump(*loop, [&] { return count("hyalite_tls_handshakes_total", "client_full") == size - 1; }));
}

TEST_F(Intercepted, AHelloMayComeByteByByte) {
  start();
  auto peer = client();
  const std::string hello = first_flight(*peer);
  for (const char byte : hello) {
    send_to(peer->fd(), {&byte, 1});
    pump(*loop, [] { return true; });
  }
  peer->say(kGet);
  EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; }));
}

TEST_F(Intercepted, GarbageBehindTheHelloEndsTheHandshake) {
  start();
  auto peer = client();
  send_to(peer->fd(), first_flight(*peer) + std::string(4000, '\xff'));
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  peer->fin();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "tls_client_failed"), 1u);
}

// ---- the upstream's certificate ----

struct Defective {
  Defect defect;
  std::string_view says;
  std::function<void(TlsOnLoopback&)> make;
};

const Defective kDefective[] = {
    {Defect::wrong_name, "is for other.example", [](auto& t) { t.origin_certificate = t.roots.issue({"other.example"}); }},
    {Defect::expired, "has expired",
     [](auto& t) { t.clock = std::make_unique<TlsOnLoopback::OtherTime>(t.now + std::chrono::hours(24 * 100)); }},
    {Defect::not_yet_valid, "is not valid yet",
     [](auto& t) { t.clock = std::make_unique<TlsOnLoopback::OtherTime>(t.now - std::chrono::hours(2)); }},
    {Defect::self_signed, "signed by itself", [](auto& t) { t.origin_certificate = t.roots.self_signed({t.kName}); }},
    {Defect::unknown_issuer, "root",
     [](auto& t) {
       const TestAuthority other("Other Root", t.now);
       t.origin_certificate = other.issue({t.kName});
       t.origin_issuers = {other.own().certificate};
     }},
    {Defect::missing_issuer, "may lack an intermediate",
     [](auto& t) { t.origin_certificate = TestAuthority("Between", t.roots).issue({t.kName}); }},
};

TEST_F(Intercepted, NoDefectPassesByDefaultAndThePageSaysWhatIsWrong) {
  const Issued good = origin_certificate;
  for (const Defective& one : kDefective) {
    origin_certificate = good;
    origin_issuers.clear();
    clock.reset();
    again();
    one.make(*this);
    start();
    auto peer = client();
    peer->say(kGet);
    ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; })) << name_of(one.defect);
    EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 502") << name_of(one.defect) << peer->error;
    EXPECT_NE(peer->got.find(one.says), std::string::npos) << name_of(one.defect) << peer->got;
    EXPECT_EQ(count("hyalite_tls_defects_total", name_of(one.defect)), 1u);
    peer->fin();
    EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
    EXPECT_EQ(count("hyalite_flows_closed_total", "tls_untrusted"), 1u);
  }
  EXPECT_TRUE(requests.empty());
}

// Old versions need SHA-1 for their own signatures, not in certificates.
TEST_F(Intercepted, AnOldestVersionMakesNoCertificateStrong) {
  settings.tls.upstream.minimum_version = TlsVersion::tls_1_0;
  X509_sign(origin_certificate.certificate.get(), roots.own().key.get(), EVP_sha1());
  SSL_CTX_set_security_level(origin_context().get(), 0);
  SSL_CTX_use_certificate(origin_context().get(), origin_certificate.certificate.get());
  SSL_CTX_use_PrivateKey(origin_context().get(), origin_certificate.key.get());
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 502") << peer->got << peer->error;
  EXPECT_EQ(count("hyalite_tls_defects_total", "other"), 1u);
}

TEST_F(Intercepted, AnIntermediateThatIsSentIsEnough) {
  const TestAuthority between("Between", roots);
  origin_certificate = between.issue({kName});
  origin_issuers = {between.own().certificate};
  start();
  auto peer = client();
  peer->say(kGet);
  EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->got;
}

TEST_F(Intercepted, AMirroredDefectIsTheClientsToJudge) {
  settings.tls.upstream.defects = DefectAnswer::mirror;
  origin_certificate = roots.self_signed({kName});
  start();
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "certificate verify failed");
  peer->fin();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "tls_client_failed"), 1u);
}

TEST_F(Intercepted, WithoutAServerNameTheClientChecksTheMirroredNames) {
  start();
  auto peer = client(nullptr);
  SSL_set1_host(peer->ssl(), kName);
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error << peer->got;
  EXPECT_EQ(count("hyalite_findings_total"), 1u);
}

// ---- what upstreams do ----

TEST_F(Intercepted, AnUpstreamThatSpeaksPlainHttpIsSaidSo) {
  start();
  auto peer = client();
  peer->say(kGet);
  Fd plain;
  ASSERT_TRUE(pump(*loop, [&] {
    while (peer->step()) {
    }
    if (!plain) {
      plain.reset(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (plain) send_to(plain.get(), "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    }
    return peer->end != End::open;
  }));
  EXPECT_NE(peer->got.find("does not speak TLS"), std::string::npos) << peer->got << peer->error;
}

TEST_F(Intercepted, AnUpstreamThatNeverShakesHandsIsGivenUp) {
  settings.timeouts.tls_handshake = Milliseconds{100};
  start();
  auto peer = client();
  EXPECT_TRUE(pump(*loop, [&] {
    peer->step();
    return peer->end != End::open;
  }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "tls_timed_out"), 1u);
}

TEST_F(Intercepted, AClientThatNeverShakesHandsIsGivenUp) {
  settings.timeouts.tls_handshake = Milliseconds{100};
  start();
  auto peer = client();
  const std::string hello = first_flight(*peer);
  send_to(peer->fd(), hello);
  EXPECT_TRUE(pump(*loop, [&] {
    serve();
    return flows->size() == 0;
  }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "tls_timed_out"), 1u);
}

TEST_F(Intercepted, AServerMayAskForACertificateAndThenTheConnectionPasses) {
  start();
  SSL_CTX_set_verify(origin_context().get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  const Issued user = roots.issue({"user"});
  X509_STORE_add_cert(SSL_CTX_get_cert_store(origin_context().get()), roots.own().certificate.get());
  Context context = client_context(roots.own().certificate);
  SSL_CTX_use_certificate(context.get(), user.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), user.key.get());
  auto peer = client(kName, context);
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error << peer->got;
  EXPECT_EQ(peer->certificate().issuer(), "CN=Test Root");
  EXPECT_EQ(count("hyalite_tls_answers_total", "pass"), 1u);
}

// ---- the end of connections ----

TEST_F(Intercepted, AnEndInOrderIsPassedOnAsOne) {
  answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it";
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == answer; }));
  servers[0]->close_notify();
  servers[0]->fin();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->end, End::closed);
}

TEST_F(Intercepted, WhatWasCutShortDoesNotLookWhole) {
  answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of";
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == answer; }));
  servers[0]->fin();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_NE(peer->end, End::closed);
}

TEST_F(Intercepted, WhatIsNotHttpInsidePassesBothWaysAndEndsSideBySide) {
  answers = false;
  start();
  auto peer = client(kName, {}, "");
  ASSERT_TRUE(until(*peer, [&] { return peer->shaken() && servers.size() == 1 && servers[0]->shaken(); }));
  servers[0]->say("220 ready\r\n");
  ASSERT_TRUE(until(*peer, [&] { return peer->got == "220 ready\r\n"; }));
  peer->say("QUIT\r\n");
  ASSERT_TRUE(until(*peer, [&] { return servers[0]->got == "QUIT\r\n"; }));
  peer->close_notify();
  peer->fin();
  ASSERT_TRUE(until(*peer, [&] { return servers[0]->end == End::closed; }));
  servers[0]->say("221 bye\r\n");
  ASSERT_TRUE(until(*peer, [&] { return peer->got == "220 ready\r\n221 bye\r\n"; }));
}

TEST_F(Intercepted, RenegotiationIsRefused) {
  start();
  Context context = client_context(leaves->trusted.own().certificate);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  auto peer = client(kName, context);
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; }));
  EXPECT_EQ(SSL_renegotiate(peer->ssl()), 1);
  SSL_do_handshake(peer->ssl());
  EXPECT_TRUE(pump(*loop, [&] { return SSL_do_handshake(peer->ssl()) <= 0 && ERR_peek_error() != 0; }));
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
}

TEST_F(Intercepted, LargeBodiesPassAndNothingIsHeldForASlowReader) {
  answers = false;
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return servers.size() == 1 && !servers[0]->got.empty(); }));
  constexpr std::size_t kSize = 8 << 20;
  std::string body(kSize, 'x');
  for (std::size_t i = 0; i < kSize; i += 997) body[i] = static_cast<char>('a' + i % 26);
  servers[0]->say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n" + body);
  for (int i = 0; i < 200; ++i) {
    servers[0]->step();
    loop->run_once();
  }
  ASSERT_TRUE(until(*peer, [&] { return peer->got.size() > kSize; }));
  EXPECT_TRUE(peer->got.ends_with(body));
}

}  // namespace
}  // namespace hyalite

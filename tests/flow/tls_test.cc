// TLS that is looked into: whole connections over loopback, with real peers.
// SPDX-License-Identifier: MIT
#include "tests/flow/tls_fixture.h"
#include "tls/session_cache.h"

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

// ---- resumption ----

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
       const Authority other("Other Root", t.now);
       t.origin_certificate = other.issue({t.kName});
       t.origin_issuers = {other.own().certificate};
     }},
    {Defect::missing_issuer, "may lack an intermediate",
     [](auto& t) { t.origin_certificate = Authority("Between", t.roots).issue({t.kName}); }},
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

TEST_F(Intercepted, AnIntermediateThatIsSentIsEnough) {
  const Authority between("Between", roots);
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

// ---- who is asked what ----

TlsRuleSettings rule(TlsMoment moment, TlsAction action) {
  TlsRuleSettings made;
  made.name = "r";
  made.moment = moment;
  made.action = action;
  return made;
}

TEST_F(Intercepted, APassedConnectionIsNotTouched) {
  settings.tls.rules = {rule(TlsMoment::client_hello, TlsAction::pass)};
  settings.tls.rules[0].domains = {"example.com"};
  origin_certificate = roots.self_signed({"anything"});
  start();
  Context context = client_context(origin_certificate.certificate);
  auto peer = client(kName, context);
  SSL_set1_host(peer->ssl(), nullptr);
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(count("hyalite_tls_answers_total", "pass"), 1u);
  EXPECT_EQ(leaves->asked, 0);
}

TEST_F(Intercepted, PassAfterTheCertificateIsASecondConnection) {
  settings.tls.rules = {rule(TlsMoment::certificate, TlsAction::pass)};
  settings.tls.rules[0].certificates = {hex(PeerCertificate(Certificate(origin_certificate.certificate).release()).digest())};
  start();
  auto peer = client(kName, client_context(roots.own().certificate));
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(servers.size(), 2u);
  EXPECT_EQ(peer->certificate().issuer(), "CN=Test Root");
}

TEST_F(Intercepted, ARuleMayAcceptADefect) {
  settings.tls.rules = {rule(TlsMoment::certificate, TlsAction::intercept)};
  settings.tls.rules[0].defects = {CertificateDefect::self_signed};
  origin_certificate = roots.self_signed({kName});
  start();
  auto peer = client();
  peer->say(kGet);
  EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->got;
}

TEST_F(Intercepted, BlockedByReset) {
  settings.tls.rules = {rule(TlsMoment::client_hello, TlsAction::block)};
  settings.tls.rules[0].block_with = BlockAnswer::reset;
  start();
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->end, End::failed);
  EXPECT_TRUE(servers.empty());
}

TEST_F(Intercepted, BlockedByAlert) {
  settings.tls.rules = {rule(TlsMoment::client_hello, TlsAction::block)};
  start();
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "tlsv1 alert access denied");
  EXPECT_EQ(count("hyalite_tls_answers_total", "block"), 1u);
}

TEST_F(Intercepted, BlockedByAPageWithoutAskingAnybody) {
  settings.tls.rules = {rule(TlsMoment::client_hello, TlsAction::block)};
  settings.tls.rules[0].block_with = BlockAnswer::page;
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 403") << peer->error;
  EXPECT_EQ(peer->end, End::closed);
  EXPECT_TRUE(servers.empty());
}

TEST_F(Intercepted, BlockedByAPageAfterTheHandshake) {
  settings.tls.rules = {rule(TlsMoment::handshake, TlsAction::block)};
  settings.tls.rules[0].block_with = BlockAnswer::page;
  settings.tls.rules[0].versions = {TlsVersion::tls_1_2};
  start();
  Context old = client_context(leaves->trusted.own().certificate);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  auto peer = client(kName, old);
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 403");
  auto modern = client();
  modern->say(kGet);
  EXPECT_TRUE(until(*modern, [&] { return modern->got == kAnswer; }));
}

TEST_F(Intercepted, ARedirectedConnectionGoesElsewhere) {
  Fd other = listen_at(at("127.0.0.1:0"));
  settings.tls.rules = {rule(TlsMoment::client_hello, TlsAction::redirect)};
  settings.tls.rules[0].to = own_address(other.get());
  start();
  auto peer = client();
  ::fcntl(other.get(), F_SETFL, O_NONBLOCK);
  Fd there;
  EXPECT_TRUE(until(*peer, [&] {
    there.reset(accept4(other.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return static_cast<bool>(there);
  }));
  EXPECT_TRUE(servers.empty());
}

TEST_F(Intercepted, AClientOfHttp2AlonePassesOrIsBlocked) {
  start();
  auto peer = client(kName, client_context(roots.own().certificate), std::string("\x02h2"));
  ASSERT_TRUE(until(*peer, [&] { return peer->shaken(); })) << peer->error;
  EXPECT_EQ(count("hyalite_tls_only_http2_total"), 1u);
  EXPECT_EQ(peer->certificate().issuer(), "CN=Test Root");

  settings.tls.client.only_http2 = Treatment::refuse;
  auto refused = client(kName, {}, std::string("\x02h2"));
  ASSERT_TRUE(until(*refused, [&] { return refused->end != End::open; }));
  EXPECT_EQ(refused->error, "tlsv1 alert no application protocol");
}

TEST_F(Intercepted, OfSeveralProtocolsHttp1IsChosen) {
  start();
  auto peer = client(kName, {}, std::string("\x02h2\x08http/1.1"));
  SSL_CTX_set_alpn_select_cb(
      origin_context().get(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
        *out = in + 1;
        *size = in[0];
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  ASSERT_TRUE(until(*peer, [&] { return peer->shaken(); })) << peer->error;
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(peer->ssl(), &alpn, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(alpn), size), "http/1.1");
}

TEST_F(Intercepted, AServerNameThatIsNoNameIsBlocked) {
  start();
  auto peer = client("www.exam ple.com");
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "tlsv1 unrecognized name");
}

TEST_F(Intercepted, NoServerNameMayBeRefused) {
  settings.policy.no_server_name = FindingAction::refuse;
  start();
  auto peer = client(nullptr);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "tlsv1 unrecognized name");
}

TEST_F(Intercepted, AClientThatRefusesOurCertificateIsKnownByItsAlert) {
  start();
  auto peer = client(kName, client_context(roots.own().certificate));
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "certificate verify failed");
  peer->fin();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_tls_handshakes_total", "client_failed"), 1u);
  const auto refused = refusals.list(10);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].name, kName);
  EXPECT_EQ(refused[0].counts[static_cast<std::size_t>(RefusalSign::unknown_ca)], 1u);
}

TEST_F(Intercepted, AClientThatLeavesAtOurCertificateIsKnown) {
  start();
  auto peer = client();
  peer->step();
  char first;
  ASSERT_TRUE(pump(*loop, [&] {
    serve();
    return ::recv(peer->fd(), &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  }));
  peer.reset();
  ASSERT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  ASSERT_EQ(refusals.list(10).size(), 1u);
  EXPECT_EQ(refusals.list(10)[0].clients[0].last_sign, RefusalSign::closed);
}

TEST_F(Intercepted, ANameIsLearnedFromAClientThatTakesOurCertificatesOtherwise) {
  settings.tls.learn.enabled = true;
  settings.tls.learn.clients = 1;
  start();
  const Context pinning = client_context(roots.own().certificate);
  const auto refused = [&] {
    auto peer = client(kName, pinning);
    EXPECT_TRUE(until(*peer, [&] { return peer->end != End::open || peer->shaken(); }));
    return peer->end != End::open;
  };
  EXPECT_TRUE(refused());
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_FALSE(refusals.passes(kName, now)) << "it never took a certificate of ours";

  auto trusting = client();
  trusting->say(kGet);
  ASSERT_TRUE(until(*trusting, [&] { return !trusting->got.empty(); }));
  EXPECT_TRUE(refused());
  EXPECT_TRUE(pump(*loop, [&] { return refusals.passes(kName, now); }));
  EXPECT_FALSE(refused()) << "now it sees the origin's own certificate";
  EXPECT_TRUE(refusals.forget(kName));
  EXPECT_TRUE(refused());
}

TEST_F(Intercepted, WithoutALeafTheFlowEnds) {
  leaves->fails = true;
  start();
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  peer->fin();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(peer->error, "tlsv1 alert internal error");
  EXPECT_EQ(count("hyalite_flows_closed_total", "tls_client_failed"), 1u);
}

}  // namespace
}  // namespace hyalite

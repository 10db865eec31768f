// TLS by its rules: who is asked what, and who learns of it.
// SPDX-License-Identifier: MIT
#include "tests/flow/tls_fixture.h"

namespace hyalite {
namespace {

using Intercepted = TlsOnLoopback;
using End = TlsPeer::End;

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

// Plugins and TLS: what they see, and what they may decide.
// SPDX-License-Identifier: MIT
#include "tests/flow/tls_fixture.h"
#include "tests/unit/plugin/scripted.h"

namespace hyalite {
namespace {

using End = TlsPeer::End;

struct TlsHooks : TlsOnLoopback {
  void run(Script script, GrantSettings grants = {true, true, true, true}) {
    plugins = &scripted.add(std::move(script), FailurePolicy::closed, grants).start();
    start();
  }
  Script script_that_waits() {
    Script script;
    script.create = [this](const hyalite_host* given) {
      own_host = given;
      async = static_cast<const hyalite_host_async*>(given->get_interface(given, HYALITE_HOST_ASYNC_ID));
      return HYALITE_OK;
    };
    return script;
  }
  static hyalite_bytes why(std::string_view text) { return {text.data(), text.size()}; }
  static std::string text(hyalite_bytes bytes) { return {bytes.data, bytes.size}; }

  const hyalite_host_tls& tls = *tls_table();
  const hyalite_host_flow& flow_host = *flow_table();
  const hyalite_host* own_host = nullptr;  // of the plugin that waits
  const hyalite_host_async* async = nullptr;
  ScriptedChain scripted;
};

TEST_F(TlsHooks, SeeBothSides) {
  std::vector<std::string> seen;
  std::string der, scheme, ja4;
  Script script;
  script.client_hello = [&](hyalite_flow* flow, const hyalite_client_hello*) {
    ja4 = text(tls.ja4(flow));
    EXPECT_EQ(tls.info(flow, HYALITE_SIDE_UPSTREAM), nullptr);
    return HYALITE_CONTINUE;
  };
  script.upstream_tls = [&](hyalite_flow*, const hyalite_tls_info* info) {
    seen.push_back("upstream " + text(info->version_text) + (info->verified != 0 && info->defects == 0 ? " good" : ""));
    der = text(info->certificate);
    return HYALITE_CONTINUE;
  };
  script.tls_done = [&](hyalite_flow*, const hyalite_tls_info* info) {
    seen.push_back((info->side == HYALITE_SIDE_CLIENT ? "client " : "upstream ") + text(info->version_text) + " " + text(info->alpn));
    return HYALITE_CONTINUE;
  };
  script.request_head = [&](hyalite_exchange* exchange, const hyalite_headers*, void*) {
    scheme = text(http_table()->request_line(exchange)->scheme);
    return HYALITE_CONTINUE;
  };
  SSL_CTX_set_alpn_select_cb(
      origin_context().get(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
        *out = in + 1;
        *size = in[0];
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(seen, (std::vector<std::string>{"upstream TLSv1.3 good", "client TLSv1.3 http/1.1"}));
  EXPECT_EQ(der, PeerCertificate(Certificate(origin_certificate.certificate).release()).der());
  EXPECT_EQ(scheme, "https");
  EXPECT_EQ(ja4.substr(0, 4), "t13d");
  flows.reset();
}

TEST_F(TlsHooks, MayIntercept) {
  settings.tls.action = TlsAction::pass;
  Script script;
  script.client_hello = [&](hyalite_flow* flow, const hyalite_client_hello*) {
    EXPECT_EQ(tls.intercept(flow, why("curious")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(peer->certificate().issuer(), "CN=Test CA");
  flows.reset();
}

TEST_F(TlsHooks, NeedAGrantToIntercept) {
  settings.tls.action = TlsAction::pass;
  Script script;
  script.client_hello = [&](hyalite_flow* flow, const hyalite_client_hello*) {
    EXPECT_EQ(tls.intercept(flow, why("curious")), HYALITE_E_FORBIDDEN);
    return HYALITE_CONTINUE;
  };
  run(std::move(script), {});
  auto peer = client(kName, client_context(roots.own().certificate));
  peer->say(kGet);
  EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  flows.reset();
}

TEST_F(TlsHooks, MayBlockWithAPage) {
  Script script;
  script.upstream_tls = [&](hyalite_flow* flow, const hyalite_tls_info*) {
    EXPECT_EQ(tls.block(flow, HYALITE_BLOCK_PAGE, why("no")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 403") << peer->error;
  EXPECT_TRUE(requests.empty());
  flows.reset();
}

TEST_F(TlsHooks, MayPassOverASecondConnection) {
  Script script;
  script.upstream_tls = [&](hyalite_flow* flow, const hyalite_tls_info*) {
    EXPECT_EQ(flow_host.pass_through(flow, why("pinned")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  run(std::move(script));
  auto peer = client(kName, client_context(roots.own().certificate));
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(servers.size(), 2u);
  flows.reset();
}

TEST_F(TlsHooks, MayAcceptADefect) {
  origin_certificate = roots.self_signed({kName});
  Script script;
  script.upstream_tls = [&](hyalite_flow* flow, const hyalite_tls_info* info) {
    EXPECT_EQ(info->defects, static_cast<std::uint32_t>(HYALITE_DEFECT_SELF_SIGNED));
    EXPECT_EQ(tls.accept_certificate(flow, why("known")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->got;
  flows.reset();
}

TEST_F(TlsHooks, HearOfARefusal) {
  std::string said;
  Script script;
  script.tls_done = [&](hyalite_flow*, const hyalite_tls_info* info) {
    said = text(info->error);
    EXPECT_EQ(info->done, 0u);
    return HYALITE_CONTINUE;
  };
  run(std::move(script));
  auto peer = client(kName, client_context(roots.own().certificate));
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open && !said.empty(); }));
  EXPECT_EQ(said, "the peer refused with the alert unknown_ca");
  flows.reset();
}

// Both hooks let everybody wait; what came meanwhile is not lost.
TEST_F(TlsHooks, MayLetBothHandshakesWait) {
  hyalite_ref ref = 0;
  std::vector<std::string> calls;
  const auto pause = [&](hyalite_flow* flow, const char* where) -> hyalite_verdict {
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_flow(flow, &options, &ref), HYALITE_OK);
    calls.emplace_back(where);
    return HYALITE_PAUSE;
  };
  Script script = script_that_waits();
  script.upstream_tls = [&](hyalite_flow* flow, const hyalite_tls_info*) { return pause(flow, "upstream_tls"); };
  script.tls_done = [&](hyalite_flow* flow, const hyalite_tls_info*) { return pause(flow, "tls_done"); };
  script.resume_flow = [&](hyalite_flow*, const hyalite_resumption*) -> hyalite_verdict {
    calls.emplace_back("resumed");
    return HYALITE_CONTINUE;
  };
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return calls.size() == 1; }));
  EXPECT_EQ(leaves->asked, 0) << "nothing happens before the plugin has spoken";
  EXPECT_FALSE(peer->shaken());
  ASSERT_EQ(async->resume(own_host, ref), HYALITE_OK);
  scripted.deliver();
  ASSERT_TRUE(until(*peer, [&] { return calls.size() == 3 && peer->shaken(); })) << peer->error;
  EXPECT_TRUE(requests.empty());
  ASSERT_EQ(async->resume(own_host, ref), HYALITE_OK);
  scripted.deliver();
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(calls, (std::vector<std::string>{"upstream_tls", "resumed", "tls_done", "resumed"}));
  flows.reset();
}

TEST_F(TlsHooks, MayBlockAfterAPauseAndAtItsDeadlineFail) {
  hyalite_ref ref = 0;
  Script script = script_that_waits();
  script.upstream_tls = [&](hyalite_flow* flow, const hyalite_tls_info*) -> hyalite_verdict {
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_flow(flow, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  };
  script.resume_flow = [&](hyalite_flow* flow, const hyalite_resumption*) -> hyalite_verdict {
    EXPECT_EQ(tls.block(flow, HYALITE_BLOCK_ALERT, why("looked up")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  run(std::move(script));
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return ref != 0; }));
  ASSERT_EQ(async->resume(own_host, ref), HYALITE_OK);
  scripted.deliver();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "tlsv1 alert access denied");

  ref = 0;
  auto waits = client();
  ASSERT_TRUE(until(*waits, [&] { return ref != 0; }));
  scripted.clock.advance(Seconds{1});
  scripted.deliver();
  ASSERT_TRUE(until(*waits, [&] { return waits->end != End::open; })) << "the plugin fails, and fails closed";
  EXPECT_FALSE(waits->shaken());
  EXPECT_EQ(leaves->asked, 0);
  flows.reset();
}

TEST_F(TlsHooks, ARequestThatWaitsOutlivesAnIdleConnectionThatUpstreamCloses) {
  hyalite_ref ref = 0;
  int asked = 0;
  Script script = script_that_waits();
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    if (++asked == 1) return HYALITE_CONTINUE;
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_exchange(x, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  };
  script.resume_exchange = [](hyalite_exchange*, const hyalite_resumption*) -> hyalite_verdict { return HYALITE_CONTINUE; };
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  peer->got.clear();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return asked == 2; }));
  servers[0]->close_notify();
  ASSERT_TRUE(until(*peer, [&] { return servers[0]->end != End::open; }));
  EXPECT_EQ(peer->end, End::open);
  ASSERT_EQ(async->resume(own_host, ref), HYALITE_OK);
  scripted.deliver();
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(servers.size(), 2u);
  flows.reset();
}

// It takes the connection, and does not answer the ClientHello.
TEST_F(TlsHooks, ARequestRedirectedToAServerThatIsSilentIsAnsweredInTime) {
  Fd silent = listen_at(at("127.0.0.1:0"));
  settings.timeouts.tls_handshake = Milliseconds{100};
  const hyalite_host_http* http = nullptr;
  Script script;
  script.create = [&](const hyalite_host* host) {
    http = static_cast<const hyalite_host_http*>(host->get_interface(host, HYALITE_HOST_HTTP_ID));
    return HYALITE_OK;
  };
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    const hyalite_address to{4, 0, own_address(silent.get()).port, {127, 0, 0, 1}, 0};
    EXPECT_EQ(http->redirect_upstream(x, &to, why("elsewhere")), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  run(std::move(script));
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; })) << flows->size();
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 504") << peer->got;
  peer->fin();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "connect_timed_out"), 1u);
  Fd there(accept4(silent.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string hello(65536, '\0');
  while (::recv(there.get(), hello.data(), hello.size(), 0) > 0) {
  }
  EXPECT_EQ(::recv(there.get(), hello.data(), hello.size(), MSG_DONTWAIT), 0) << "nobody is left there";
}

TEST_F(TlsHooks, WithoutAServerNameTheCertificateSaysWhichHostsThereAre) {
  settings.policy.host_mismatch = FindingAction::refuse;
  origin_certificate = roots.issue({"www.example.com", "*.cdn.example"});
  start();
  const std::pair<const char*, bool> hosts[] = {{"www.example.com", true}, {"A.cdn.example:443", true}, {"hidden.example", false},
                                                {"b.a.cdn.example", false}};
  for (const auto& [host, fine] : hosts) {
    auto peer = client(nullptr);
    peer->say(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n");
    ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open || !peer->got.empty(); })) << host;
    EXPECT_EQ(peer->got.substr(0, 12), fine ? "HTTP/1.1 200" : "HTTP/1.1 421") << host;
  }
  EXPECT_EQ(requests.size(), 2u);
}

TEST_F(TlsHooks, ACertificateOfAddressesAloneCoversNoName) {
  settings.policy.host_mismatch = FindingAction::refuse;
  origin_certificate = roots.issue({"127.0.0.1"});
  start();
  for (const char* name : {static_cast<const char*>(nullptr), "127.0.0.1"}) {
    for (const auto& [host, fine] : {std::pair("127.0.0.1", true), std::pair("hidden.example", false)}) {
      auto peer = client(nullptr);
      if (name != nullptr) SSL_set_tlsext_host_name(peer->ssl(), name);
      peer->say(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n");
      ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open || !peer->got.empty(); })) << host;
      EXPECT_EQ(peer->got.substr(0, 12), fine ? "HTTP/1.1 200" : "HTTP/1.1 421") << host;
    }
  }
  EXPECT_EQ(requests.size(), 2u);
}

TEST_F(TlsHooks, AHostThatIsNotTheServerNameIsAFinding) {
  settings.policy.host_mismatch = FindingAction::refuse;
  start();
  auto peer = client();
  peer->say("GET / HTTP/1.1\r\nHost: hidden.example\r\n\r\n");
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 421") << peer->got;
  EXPECT_TRUE(requests.empty());
}

}  // namespace
}  // namespace hyalite

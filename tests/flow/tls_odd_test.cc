// TLS at its edges: odd hellos, slow and hostile peers, certificates of ours for upstreams, key logs, names that a CA may not sign.
// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "tests/flow/tls_fixture.h"
#include "tests/support/client_hello_builder.h"
#include "tls/key_log.h"

namespace hyalite {
namespace {

using End = TlsPeer::End;

struct OddTls : TlsOnLoopback {
  std::string file(const std::string& name) { return testing::TempDir() + std::to_string(::getpid()) + name; }

  static TlsRuleSettings rule(TlsAction action) {
    TlsRuleSettings made;
    made.name = "r";
    made.action = action;
    return made;
  }

  // What a client gets that sends these bytes and never shakes hands.
  std::string answer_to(const std::string& hello, std::size_t most = 7) {
    Fd fd = redirected();
    send_to(fd.get(), hello);
    std::string got;
    EXPECT_TRUE(pump(*loop, [&] {
      char room[4096];
      const ssize_t n = ::recv(fd.get(), room, sizeof room, MSG_DONTWAIT);
      if (n > 0) got.append(room, static_cast<std::size_t>(n));
      return n == 0 || got.size() >= most || (n < 0 && errno != EAGAIN);
    }));
    return got;
  }
  static std::string alert(int number) { return std::string("\x15\x03\x01\x00\x02\x02", 6) + static_cast<char>(number); }
  // What arrives at the origin first.
  std::string arrived(std::size_t size) {
    Fd fd;
    std::string got;
    EXPECT_TRUE(pump(*loop, [&] {
      if (!fd) fd.reset(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      char room[65536];
      const ssize_t n = fd ? ::recv(fd.get(), room, sizeof room, 0) : -1;
      if (n > 0) got.append(room, static_cast<std::size_t>(n));
      return got.size() >= size;
    }));
    return got;
  }
};

// ---- odd hellos ----

TEST_F(OddTls, AServerNameWithANulIsNobodysAndBlocked) {
  start();
  const std::string name("www.example.com\0.evil.example", 29);
  EXPECT_EQ(answer_to(ClientHelloBuilder().server_name(name).records()), alert(112));
  EXPECT_EQ(count("hyalite_tls_answers_total", "block"), 1u);
  EXPECT_EQ(count("hyalite_findings_total"), 1u);
  EXPECT_EQ(leaves->asked, 0);
}

TEST_F(OddTls, WhereTlsPassesAServerNameWithANulPassesAsItCame) {
  settings.tls.action = TlsAction::pass;
  settings.tls.rules = {rule(TlsAction::pass)};
  start();
  const std::string hello = ClientHelloBuilder().server_name(std::string("www.example.com\0x", 17)).records();
  Fd fd = redirected();
  send_to(fd.get(), hello);
  EXPECT_EQ(arrived(hello.size()), hello);
}

// Servers with wildcards take the first, of two names each takes another one, and what is no label others cut off.
TEST_F(OddTls, AServerNameThatNoHostHasDoesNotGetPastWhoDecidesByNames) {
  settings.tls.action = TlsAction::pass;
  const auto name = [](std::string_view text) { return u8(0) + vector16(text); };
  const std::string odd[] = {vector16(name("a!b.example.com")), vector16(name("good.example") + name("example.com")), vector16(name("a..example.com")),
                             vector16(name("example.com\x20"))};
  for (const bool decides : {false, true}) {
    settings.tls.rules = {rule(decides ? TlsAction::block : TlsAction::pass)};
    settings.tls.rules[0].domains = {"example.com"};
    again();
    start();
    for (const std::string& one : odd) {
      const std::string hello = ClientHelloBuilder().extension(0, one).records();
      if (decides) {
        EXPECT_EQ(answer_to(hello), alert(112)) << one;
        continue;
      }
      Fd fd = redirected();
      send_to(fd.get(), hello);
      EXPECT_EQ(arrived(hello.size()), hello) << "nobody decides by what it says";
    }
    EXPECT_EQ(count("hyalite_findings_total"), std::size(odd)) << "server_name_is_invalid";
    EXPECT_EQ(count("hyalite_tls_answers_total", "block"), decides ? std::size(odd) : 0u);
  }
}

TEST_F(OddTls, AServerNameThatIsAnAddressIsVerifiedAsOne) {
  origin_certificate = roots.issue({"127.0.0.1"});
  start();
  auto peer = client("127.0.0.1");
  X509_VERIFY_PARAM_set1_host(SSL_get0_param(peer->ssl()), nullptr, 0);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(peer->ssl()), "127.0.0.1");
  peer->say(kGet);
  // What clients are shown without a name of a host that could be mirrored: where they were going.
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error << peer->got;
  EXPECT_EQ(count("hyalite_tls_defects_total", "wrong_name"), 0u);
  EXPECT_EQ(SSL_get_servername(servers[0]->ssl(), TLSEXT_NAMETYPE_host_name), nullptr) << "no address is sent (RFC 6066, section 3)";

  origin_certificate = roots.issue({"127.0.0.2"});
  again();
  start();
  auto warned = client("127.0.0.1");
  X509_VERIFY_PARAM_set1_host(SSL_get0_param(warned->ssl()), nullptr, 0);
  warned->say(kGet);
  ASSERT_TRUE(until(*warned, [&] { return warned->end != End::open; }));
  EXPECT_EQ(warned->got.substr(0, 12), "HTTP/1.1 502") << warned->error;
  EXPECT_EQ(count("hyalite_tls_defects_total", "wrong_name"), 1u);
}

int add_padding(SSL*, unsigned, unsigned, const unsigned char** out, std::size_t* size, X509*, std::size_t, int*, void* bytes) {
  const auto& padding = *static_cast<const std::string*>(bytes);
  *out = reinterpret_cast<const unsigned char*>(padding.data());
  *size = padding.size();
  return 1;
}

Context padded_client(const Certificate& root, std::string& padding) {
  Context context = client_context(root);
  EXPECT_EQ(SSL_CTX_add_custom_ext(context.get(), 0xfe42, SSL_EXT_CLIENT_HELLO, add_padding, nullptr, &padding, nullptr, nullptr), 1);
  return context;
}

// All extensions together have 65,535 bytes, and the key shares of OpenSSL 3.5 more than 1,200 of them.
constexpr std::size_t kGiant = 63'000;

TEST_F(OddTls, AHelloWithAGiantExtensionIsReadUpToItsLimit) {
  std::string padding(kGiant, 'p');
  start();
  auto peer = client(kName, padded_client(leaves->trusted.own().certificate, padding));
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;

  again();
  settings.limits.client_hello_bytes = 16'384;
  start();
  auto refused = client(kName, padded_client(leaves->trusted.own().certificate, padding));
  ASSERT_TRUE(until(*refused, [&] { return refused->end != End::open; }));
  EXPECT_EQ(refused->error, "tlsv1 alert decode error");
}

TEST_F(OddTls, WhereTlsPassesAHelloBeyondTheLimitPassesAsItCame) {
  settings.tls.action = TlsAction::pass;
  settings.limits.client_hello_bytes = 16'384;
  std::string padding(kGiant, 'p');
  start();
  auto peer = client(kName, padded_client(roots.own().certificate, padding));
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(count("hyalite_findings_total"), 1u) << "malformed_client_hello";
}

// OpenSSL passes over empty records, Go over an alert, and old servers take a hello in the form of SSL 2.0; Go and wolfSSL look at the version
// of a record only later.
TEST_F(OddTls, WhatOnlySomeServersReadDoesNotGetPastWhoDecidesByHellos) {
  settings.tls.action = TlsAction::pass;
  const std::string hello = ClientHelloBuilder().server_name(kName).records();
  const std::string odd[] = {std::string("\x16\x03\x01\0\0", 5) + hello, "\x15\x03\x01" + vector16("\x01\x5a") + hello,
                             "\x80\x2e\x01\x03\x01" + std::string(43, 'x'), std::string("\x16\0\0", 3) + hello.substr(3), "\x16\xff\x01" + hello.substr(3),
                             "\x15\x02\x01" + vector16("\x01\x5a") + hello};
  const std::function<void()> deciders[] = {
      [&] {
        settings.tls.rules = {rule(TlsAction::block)};
        settings.tls.rules[0].domains = {"example.com"};
      },
      [&] { settings.policy.no_server_name = FindingAction::refuse; }, [&] { settings.policy.encrypted_hello = FindingAction::refuse; }};
  for (const auto& decides : deciders) {
    settings.tls.rules = {};
    settings.policy = {};
    decides();
    again();
    start();
    for (const std::string& one : odd) EXPECT_EQ(answer_to(one), alert(50));
    EXPECT_EQ(count("hyalite_tls_answers_total", "block"), std::size(odd));
  }
  settings.tls.rules = {rule(TlsAction::pass)};
  settings.policy = {};
  again();
  start();
  for (const std::string& one : odd) {
    Fd fd = redirected();
    send_to(fd.get(), one);
    EXPECT_EQ(arrived(one.size()), one) << "nobody decides by what it says";
  }
}

TEST_F(OddTls, ASlowClientShakesHandsByteByByte) {
  start();
  auto peer = client();
  BIO* out = BIO_new(BIO_s_mem());  // what it says goes out by hand
  SSL_set0_wbio(peer->ssl(), out);
  ASSERT_TRUE(until(*peer, [&] {
    char byte;
    if (BIO_read(out, &byte, 1) == 1) send_to(peer->fd(), {&byte, 1});
    if (peer->shaken() && peer->got.empty() && requests.empty() && BIO_pending(out) == 0) peer->say(kGet);
    return peer->got == kAnswer;
  })) << peer->error;
}

// It has heard enough to accept our certificate; that our last words do not reach it any more is the end of the flow.
TEST_F(OddTls, AClientThatVanishesWithItsLastWordOfTheHandshakeIsGone) {
  start();
  auto peer = client();
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set0_wbio(peer->ssl(), out);
  const auto said = [&] {
    std::string bytes(BIO_ctrl_pending(out), '\0');
    if (!bytes.empty()) BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  };
  ASSERT_TRUE(until(*peer, [&] {
    if (!peer->shaken()) send_to(peer->fd(), said());
    return peer->shaken();
  })) << peer->error;
  send_to(peer->fd(), said());
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(peer->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  peer->vanish();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "client_broke"), 1u);
}

// ---- what upstreams do ----

TEST_F(OddTls, AnUpstreamMayNotRenegotiate) {
  answers = false;
  start();
  SSL_CTX_set_max_proto_version(origin_context().get(), TLS1_2_VERSION);
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return servers.size() == 1 && servers[0]->got == kGet; }));
  ASSERT_EQ(SSL_renegotiate(servers[0]->ssl()), 1);
  SSL_do_handshake(servers[0]->ssl());
  ASSERT_TRUE(until(*peer, [&] { return servers[0]->end != End::open; }));
  EXPECT_EQ(servers[0]->error, "no renegotiation");
}

TEST_F(OddTls, GarbageInPlaceOfAHandshakeIsNoTls) {
  start();
  auto peer = client();
  peer->say(kGet);
  Fd garbage;
  ASSERT_TRUE(pump(*loop, [&] {
    while (peer->step()) {
    }
    if (!garbage) {
      garbage.reset(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC));
      // A record of a handshake by its head; then nothing that is one.
      if (garbage) send_to(garbage.get(), std::string("\x16\x03\x03\x40\x00", 5) + std::string(16'384, '\xee'));
    }
    return peer->end != End::open;
  }));
  EXPECT_EQ(peer->got.substr(0, 12), "HTTP/1.1 502") << peer->error;
  peer->fin();
  EXPECT_TRUE(pump(*loop, [&] { return flows->size() == 0; }));
  EXPECT_EQ(count("hyalite_flows_closed_total", "tls_upstream_failed"), 1u);
}

// ---- a certificate of ours for upstreams ----

struct ClientCertificate : OddTls {
  // An origin that takes nobody without a certificate of the test's root.
  void ask_for_one() {
    SSL_CTX_set_verify(origin_context().get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(origin_context().get()), roots.own().certificate.get());
  }
  ClientCertificateSettings configured(std::vector<std::string> domains) {
    const TestAuthority between("Between", roots);
    const Issued own = between.issue({"gateway.example"});
    ClientCertificateSettings made{std::move(domains), file("own.pem"), file("own.key")};
    FILE* out = std::fopen(made.certificate.c_str(), "w");
    PEM_write_X509(out, own.certificate.get());
    PEM_write_X509(out, between.own().certificate.get());  // the origin knows the root alone
    std::fclose(out);
    std::remove(made.key.c_str());
    const mode_t mask = ::umask(077);
    out = std::fopen(made.key.c_str(), "w");
    PEM_write_PrivateKey(out, own.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    ::umask(mask);
    return made;
  }
};

TEST_F(ClientCertificate, IsShownToAnUpstreamThatAsks) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    settings.tls.upstream.certificates = {configured({"example.com"})};
    ask_for_one();
    SSL_CTX_set_max_proto_version(origin_context().get(), version);
    start();
    auto peer = client();
    peer->say(kGet);
    ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error << peer->got;
    EXPECT_EQ(servers[0]->certificate().names(), std::vector<std::string>{"gateway.example"});
    EXPECT_EQ(count("hyalite_tls_answers_total", "pass"), 0u);
    again();
  }
}

TEST_F(ClientCertificate, IsNotShownToOthers) {
  settings.tls.upstream.certificates = {configured({"other.example"})};
  settings.tls.upstream.certificate_request = CertificateRequest::block;
  ask_for_one();
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_NE(peer->got.find("asks for a certificate of the client"), std::string::npos) << peer->got << peer->error;
  for (const auto& server : servers) EXPECT_FALSE(server->certificate());
}

// Whoever resumes a session is not asked: that it would have been must not be forgotten.
TEST_F(ClientCertificate, IsTheClientsOwnEachTimeWhereTheUpstreamOnlyWouldLikeOne) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    SSL_CTX_set_verify(origin_context().get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_id_context(origin_context().get(), reinterpret_cast<const unsigned char*>("o"), 1);
    SSL_CTX_set_max_proto_version(origin_context().get(), version);
    start();
    for (std::uint64_t i = 1; i <= 3; ++i) {
      auto peer = client(kName, client_context(roots.own().certificate));
      peer->say(kGet);
      ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error << i;
      EXPECT_EQ(count("hyalite_tls_answers_total", "pass"), i) << version;
    }
    again();
  }
}

TEST_F(ClientCertificate, ThatIsFollowedByADamagedOneIsAMistake) {
  settings.tls.upstream.certificates = {configured({})};
  for (const std::string& whole : {settings.tls.upstream.certificates[0].certificate, settings.tls.upstream.trust}) {
    std::ofstream(whole, std::ios::app) << "For people\n";
    Mistakes mistakes;
    EXPECT_NE(TlsGround::load(settings, "", mistakes), nullptr) << text_of(mistakes);
    std::ofstream(whole, std::ios::app) << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    EXPECT_EQ(TlsGround::load(settings, "", mistakes), nullptr);
    EXPECT_NE(text_of(mistakes).find("one that cannot be read"), std::string::npos) << text_of(mistakes);
    settings.tls.upstream.certificates = {configured({})};
  }
}

TEST_F(ClientCertificate, ThatCannotBeReadIsAMistakeWithTheReason) {
  const std::pair<std::string, std::string> cases[] = {{"/nowhere/ca.pem", "No such file or directory"}, {"/", "Is a directory"}};
  for (const auto& [path, why] : cases) {
    const std::string expected = '"' + path + "\" cannot be read: " + why;
    Mistakes mistakes;
    settings.tls.upstream.certificates = {configured({})};
    settings.tls.upstream.certificates[0].certificate = path;
    EXPECT_EQ(TlsGround::load(settings, "", mistakes), nullptr);
    EXPECT_NE(text_of(mistakes).find(expected), std::string::npos) << text_of(mistakes);
    mistakes.clear();
    settings.tls.upstream.certificates.clear();
    const std::string trusted = std::exchange(settings.tls.upstream.trust, path);
    EXPECT_EQ(TlsGround::load(settings, "", mistakes), nullptr);
    EXPECT_NE(text_of(mistakes).find(expected), std::string::npos) << text_of(mistakes);
    settings.tls.upstream.trust = trusted;
  }
}

TEST_F(ClientCertificate, WhoseKeyOthersMayReadIsAMistake) {
  settings.tls.upstream.certificates = {configured({})};
  ::chmod(settings.tls.upstream.certificates[0].key.c_str(), 0644);
  Mistakes mistakes;
  EXPECT_EQ(TlsGround::load(settings, "", mistakes), nullptr);
  EXPECT_NE(text_of(mistakes).find("can be read by others"), std::string::npos) << text_of(mistakes);
}

// ---- key logs ----

struct KeyLogs : OddTls {
  KeyLogs() {
    settings.tls.key_log = file("keys.log");
    std::remove(settings.tls.key_log.c_str());
  }
  ~KeyLogs() override { std::remove(settings.tls.key_log.c_str()); }

  std::multiset<std::string> lines() {
    std::multiset<std::string> all;
    std::ifstream in(settings.tls.key_log);
    for (std::string line; std::getline(in, line);) all.insert(line);
    return all;
  }
  static inline std::multiset<std::string> told;
  static void tell(const Context& context) {
    SSL_CTX_set_keylog_callback(context.get(), [](const SSL*, const char* line) { told.insert(line); });
  }
};

// Proof that Wireshark could read both connections: their peers' own logs are the same.
TEST_F(KeyLogs, HoldTheSecretsOfBothSides) {
  settings.tls.rules = {rule(TlsAction::intercept)};
  settings.tls.rules[0].key_log = true;
  settings.tls.rules[0].domains = {"example.com"};
  settings.tls.rules.push_back(rule(TlsAction::intercept));
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    told.clear();
    std::remove(settings.tls.key_log.c_str());
    origin_certificate = roots.issue({kName, "other.example"});
    tell(origin_context());
    start();
    Context context = client_context(leaves->trusted.own().certificate);
    SSL_CTX_set_max_proto_version(context.get(), version);
    tell(context);
    auto peer = client(kName, context);
    peer->say(kGet);
    ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
    EXPECT_GE(told.size(), version == TLS1_3_VERSION ? 10u : 6u);
    EXPECT_EQ(lines(), told);
    EXPECT_EQ(count("hyalite_tls_keys_logged_total"), 1u);
    EXPECT_EQ(count("hyalite_findings_total"), 1u);
    struct stat about{};
    ASSERT_EQ(::stat(settings.tls.key_log.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);

    const std::size_t before = lines().size();
    auto other = client("other.example");
    other->say(kGet);
    ASSERT_TRUE(until(*other, [&] { return other->got == kAnswer; })) << other->error;
    EXPECT_EQ(lines().size(), before) << "its rule does not ask for it";
    again();
  }
}

TEST_F(KeyLogs, DoNotGrowBeyondTheirLimitAndGoOnWhenTheyAreEmptied) {
  settings.tls.rules = {rule(TlsAction::intercept)};
  settings.tls.rules[0].key_log = true;
  const auto one = [&] {
    auto peer = client();
    peer->say(kGet);
    EXPECT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  };
  const auto size = [&] { return std::filesystem::file_size(settings.tls.key_log); };
  start();
  // Room for one line more.
  std::filesystem::resize_file(settings.tls.key_log, kMostKeyLogBytes - 1);
  one();
  EXPECT_GE(size(), kMostKeyLogBytes);
  EXPECT_LT(size(), kMostKeyLogBytes + 256);
  const auto full = size();
  one();
  EXPECT_EQ(size(), full);
  EXPECT_EQ(count("hyalite_tls_keys_logged_total"), 1u);
  EXPECT_EQ(count("hyalite_tls_keys_not_logged_total"), 1u);
  std::filesystem::resize_file(settings.tls.key_log, 0);
  one();
  EXPECT_GT(size(), 0u);
  EXPECT_EQ(count("hyalite_tls_keys_logged_total"), 2u);
}

TEST_F(KeyLogs, AreNotEvenMadeWhenNoRuleAsks) {
  settings.tls.rules = {rule(TlsAction::intercept)};
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_NE(::access(settings.tls.key_log.c_str(), F_OK), 0);
}

TEST_F(KeyLogs, ThatOthersMayReadOrThatAreLinksAreMistakes) {
  settings.tls.rules = {rule(TlsAction::intercept)};
  settings.tls.rules[0].key_log = true;
  std::ofstream(settings.tls.key_log) << "";
  ::chmod(settings.tls.key_log.c_str(), 0640);
  Mistakes mistakes;
  EXPECT_EQ(TlsGround::load(settings, "", mistakes), nullptr);
  EXPECT_NE(text_of(mistakes).find("can be read by others"), std::string::npos) << text_of(mistakes);
  std::remove(settings.tls.key_log.c_str());
  ASSERT_EQ(::symlink("/dev/null", settings.tls.key_log.c_str()), 0);
  EXPECT_EQ(TlsGround::load(settings, "", mistakes), nullptr);
}

// ---- names that the CA may not sign ----

TEST_F(OddTls, ANameThatTheCaMayNotSignPasses) {
  leaves->forbids = true;
  start();
  auto peer = client(kName, client_context(roots.own().certificate));
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->got == kAnswer; })) << peer->error;
  EXPECT_EQ(peer->certificate().issuer(), "CN=Test Root");
  EXPECT_EQ(count("hyalite_tls_forbidden_names_total"), 1u);
  EXPECT_EQ(count("hyalite_uninspected_total", "tls"), 1u);
}

TEST_F(OddTls, ANameThatTheCaMayNotSignIsRefusedWhereTheOperatorSaysSo) {
  leaves->forbids = true;
  settings.tls.ca.forbidden_names = Treatment::refuse;
  start();
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "tlsv1 alert access denied");
  EXPECT_EQ(count("hyalite_tls_forbidden_names_total"), 1u);
}

TEST_F(OddTls, WhoIsBlockedWithAPageNeverPassesForWantOfACertificate) {
  leaves->forbids = true;
  settings.tls.rules = {rule(TlsAction::block)};
  settings.tls.rules[0].block_with = BlockAnswer::page;
  start();
  auto peer = client();
  ASSERT_TRUE(until(*peer, [&] { return peer->end != End::open; }));
  EXPECT_EQ(peer->error, "tlsv1 alert access denied");
  EXPECT_TRUE(servers.empty());
}

}  // namespace
}  // namespace hyalite

// TLS that is looked into: whole connections over loopback, with real peers.
// SPDX-License-Identifier: MIT
#include "tests/flow/tls_fixture.h"

namespace hyalite {
namespace {

using Intercepted = TlsOnLoopback;

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

TEST_F(Intercepted, AWrongNameNeverPassesByDefault) {
  origin_certificate = roots.issue({"other.example"});
  start();
  auto peer = client();
  peer->say(kGet);
  ASSERT_TRUE(until(*peer, [&] { return peer->end != TlsPeer::End::open; }));
  EXPECT_NE(peer->got.find("502"), std::string::npos) << peer->got << peer->error;
  EXPECT_NE(peer->got.find("other.example"), std::string::npos) << peer->got;
  EXPECT_TRUE(requests.empty());
  EXPECT_EQ(count("hyalite_tls_defects_total", "wrong_name"), 1u);
}

}  // namespace
}  // namespace hyalite

#include "tls/policy.h"

#include <gtest/gtest.h>

#include <fstream>

namespace hyalite {
namespace {

struct Policy : ::testing::Test {
  Policy() {
    hello.server_name_kind = ServerName::host;
    hello.server_name = "www.bank.example";
    rule.name = "r";
  }
  // Does the rule hold at its moment?
  bool holds() {
    TlsSettings settings;
    settings.rules = {rule};
    Mistakes mistakes;
    const TlsPolicy policy(settings, testing::TempDir() + "hyalite.yaml", mistakes);
    EXPECT_EQ(text_of(mistakes), "");
    return policy.rule(rule.moment, {hello, client, destination, ja3, ja4, &upstream, &ours}) != nullptr;
  }

  TlsRuleSettings rule;
  ClientHello hello;
  IpAddress client = *IpAddress::parse("192.0.2.1"), destination = *IpAddress::parse("2001:db8::1");
  std::string ja3 = "three", ja4 = "four";
  TlsFacts upstream, ours;
};

TEST_F(Policy, ARuleWithoutConditionsHolds) { EXPECT_TRUE(holds()); }

TEST_F(Policy, NamesAreExactAndDomainsHaveSubdomains) {
  rule.names = {"bank.example"};
  EXPECT_FALSE(holds());
  rule.names = {"WWW.bank.example"};
  EXPECT_TRUE(holds());
  rule.names = {};
  rule.domains = {"bank.example"};
  EXPECT_TRUE(holds());
  rule.domains = {"ank.example"};
  EXPECT_FALSE(holds());
}

TEST_F(Policy, NamesComeFromFilesToo) {
  std::ofstream(testing::TempDir() + "banks.txt") << "# banks\n\n*.bank.example\r\nother.example # too\n";
  rule.domain_files = {"banks.txt"};
  EXPECT_TRUE(holds());
  hello.server_name = "bank.other";
  EXPECT_FALSE(holds());
  hello.server_name = "other.example";
  EXPECT_TRUE(holds());
}

TEST_F(Policy, AFileThatIsNotThereIsAMistake) {
  TlsSettings settings;
  rule.domain_files = {"nowhere.txt"};
  settings.rules = {rule};
  Mistakes mistakes;
  const TlsPolicy policy(settings, "h.yaml", mistakes);
  EXPECT_EQ(text_of(mistakes), "h.yaml: \"nowhere.txt\" cannot be read\n");
}

TEST_F(Policy, AllKindsOfConditionsMustHold) {
  rule.domains = {"bank.example"};
  rule.clients = {*Network::parse("192.0.2.0/24")};
  rule.destinations = {*Network::parse("2001:db8::/32")};
  rule.ja3 = {"three"};
  rule.ja4 = {"other", "four"};
  EXPECT_TRUE(holds());
  rule.clients = {*Network::parse("198.51.100.0/24")};
  EXPECT_FALSE(holds());
}

TEST_F(Policy, TraitsOfTheHello) {
  rule.hello = {HelloTrait::no_server_name, HelloTrait::encrypted};
  EXPECT_FALSE(holds());
  hello.has_ech = true;
  EXPECT_TRUE(holds());
  rule.hello = {HelloTrait::only_http2};
  hello.alpn = {"h2", "http/1.1"};
  EXPECT_FALSE(holds());
  hello.alpn = {"h2"};
  EXPECT_TRUE(holds());
}

TEST_F(Policy, DefectsCertificatesAndVersions) {
  rule.moment = TlsMoment::handshake;
  rule.defects = {CertificateDefect::expired};
  EXPECT_FALSE(holds());
  upstream.defects.add(Defect::expired);
  EXPECT_TRUE(holds());
  rule.certificates = {std::string(64, '0')};
  EXPECT_FALSE(holds());
  upstream.verified = true;
  EXPECT_TRUE(holds());
  rule.versions = {TlsVersion::tls_1_2};
  ours.version = 0x0304;
  EXPECT_FALSE(holds());
  ours.version = 0x0303;
  EXPECT_TRUE(holds());
}

}  // namespace
}  // namespace hyalite

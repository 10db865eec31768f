#include "tls/policy.h"

#include <gtest/gtest.h>

#include <malloc.h>

#include <cstdio>
#include <fstream>

namespace hyalite {
namespace {

// What this process has taken from malloc; 0 where another allocator stands in for it.
std::size_t heap_bytes() {
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

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

TEST_F(Policy, AFileThatCannotBeReadIsAMistakeWithTheReason) {
  const std::pair<std::string, std::string> cases[] = {{"nowhere.txt", "No such file or directory"}, {"/", "Is a directory"}};
  for (const auto& [path, why] : cases) {
    TlsSettings settings;
    rule.domain_files = {path};
    settings.rules = {rule};
    Mistakes mistakes;
    const TlsPolicy policy(settings, "h.yaml", mistakes);
    EXPECT_EQ(text_of(mistakes), "h.yaml: \"" + path + "\" cannot be read: " + why + "\n");
  }
}

TEST_F(Policy, ALineThatIsNoHostNameIsAMistakeWithItsNumber) {
  std::ofstream(testing::TempDir() + "odd.txt") << "bank.example\n\nhttps://bank.example/\nfine.example\nno name\n";
  TlsSettings settings;
  rule.domain_files = {"odd.txt"};
  settings.rules = {rule};
  Mistakes mistakes;
  const TlsPolicy policy(settings, testing::TempDir() + "hyalite.yaml", mistakes);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_NE(mistakes[0].what.find("line 3 is not a host name, nor are 1 others"), std::string::npos) << mistakes[0].what;
}

// What a million names may cost: bytes are counted, not seconds.
TEST_F(Policy, AMillionNamesAreAFewBytesEach) {
  constexpr std::size_t kNames = 1'000'000;
  const std::string path = testing::TempDir() + "million.txt";
  {
    std::ofstream out(path);
    for (std::size_t i = 0; i < kNames; ++i) out << "host" << i << ".list" << i % 1000 << ".example\n";
  }
  rule.domain_files = {"million.txt"};
  TlsSettings settings;
  settings.rules = {rule};
  Mistakes mistakes;
  const std::size_t before = heap_bytes();
  const TlsPolicy policy(settings, testing::TempDir() + "hyalite.yaml", mistakes);
  const std::size_t used = heap_bytes() - before;
  std::remove(path.c_str());
  ASSERT_EQ(text_of(mistakes), "");
  // Names of 24 bytes; AddressSanitizer does not tell.
  if (before != 0) {
    EXPECT_LT(used / kNames, 64u) << used;
  }
  const auto found = [&](const char* name) {
    hello.server_name = name;
    return policy.rule(rule.moment, {hello, client, destination, ja3, ja4, &upstream, &ours}) != nullptr;
  };
  EXPECT_TRUE(found("host999999.list999.example"));
  EXPECT_TRUE(found("www.host0.list0.example"));
  EXPECT_FALSE(found("host1000000.list0.example"));
  EXPECT_FALSE(found("list0.example"));
}

TEST_F(Policy, AllKindsOfConditionsMustHold) {
  rule.domains = {"bank.example"};
  rule.clients = {*Network::parse("192.0.2.0/24")};
  rule.destinations = {*Network::parse("2001:db8::/32")};
  rule.ja3 = {"Three"};
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

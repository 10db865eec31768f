#include "tls/fingerprint.h"

#include <gtest/gtest.h>

namespace hyalite {
namespace {

// The examples of those who made them: the READMEs of salesforce/ja3 and FoxIO-LLC/ja4.
TEST(Fingerprint, Ja3IsAsItsMakersHaveIt) {
  ClientHello hello;
  hello.legacy_version = 769;
  hello.cipher_suites = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
  hello.extensions = {0, 10, 11};
  hello.groups = {23, 24, 25};
  hello.ec_point_formats = {0};
  EXPECT_EQ(ja3(hello), "ada70206e40642a3e4461f35503241d5");
  // GREASE changes nothing.
  hello.cipher_suites.insert(hello.cipher_suites.begin(), 0x1a1a);
  hello.extensions.push_back(0xfafa);
  EXPECT_EQ(ja3(hello), "ada70206e40642a3e4461f35503241d5");
}

TEST(Fingerprint, Ja4IsAsItsMakersHaveIt) {
  ClientHello hello;
  hello.legacy_version = 0x0303;
  hello.supported_versions = {0x2a2a, 0x0304, 0x0303};
  hello.alpn = {"h2", "http/1.1"};
  hello.cipher_suites = {0x3a3a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
                         0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
  hello.extensions = {0x4a4a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
                      0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015};
  hello.signature_algorithms = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
  EXPECT_EQ(ja4(hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(Fingerprint, AHelloWithNothingHasOneToo) {
  ClientHello hello;
  hello.legacy_version = 0x0301;
  EXPECT_EQ(ja4(hello), "t10i000000_000000000000_000000000000");
  EXPECT_EQ(ja3(hello).size(), 32u);
}

}  // namespace
}  // namespace hyalite

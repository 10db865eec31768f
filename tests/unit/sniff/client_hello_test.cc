// SPDX-License-Identifier: MIT
#include "sniff/client_hello.h"

#include <gtest/gtest.h>

#include <random>

#include "base/text.h"
#include "support/client_hello_builder.h"

namespace hyalite {
namespace {

using State = ClientHelloReader::State;
using Builder = ClientHelloBuilder;

Builder browser() {
  Builder hello;
  hello.cipher_suites = numbers({0x5a5a, 0x1301, 0x1302, 0xc02f});
  hello.extension(0x2a2a, "")
      .server_name("www.Example.com")
      .extension(10, vector16(numbers({0x11ec, 0x001d})));
  hello.extension(11, vector8(std::string(1, '\0')))
      .alpn({"h2", "http/1.1"})
      .extension(13, vector16(numbers({0x0403, 0x0804})));
  return hello.extension(51, std::string(1216, 'k'))
      .supported_versions({0x9a9a, 0x0304, 0x0303})
      .extension(42, "");
}

ClientHelloReader read(const std::string& bytes) {
  ClientHelloReader reader;
  reader.read(bytes);
  return reader;
}

void expect_malformed(const std::string& bytes, const char* why) {
  const auto reader = read(bytes);
  EXPECT_EQ(reader.state(), State::malformed);
  EXPECT_STREQ(reader.why(), why);
}

TEST(ClientHello, SaysAllThatPluginsAndFingerprintsNeed) {
  const auto reader = read(browser().records());
  ASSERT_EQ(reader.state(), State::done) << reader.why();
  const ClientHello& hello = reader.hello();
  EXPECT_EQ(hello.record_version, 0x0301);
  EXPECT_EQ(hello.legacy_version, 0x0303);
  EXPECT_EQ(hello.supported_versions, (std::vector<std::uint16_t>{0x9a9a, 0x0304, 0x0303}));
  EXPECT_EQ(hello.highest_version(), 0x0304);
  EXPECT_EQ(hello.server_name_kind, ServerName::host);
  EXPECT_EQ(hello.server_name, "www.example.com");
  EXPECT_EQ(hello.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_EQ(hello.cipher_suites, (std::vector<std::uint16_t>{0x5a5a, 0x1301, 0x1302, 0xc02f}));
  EXPECT_EQ(hello.extensions, (std::vector<std::uint16_t>{0x2a2a, 0, 10, 11, 16, 13, 51, 43, 42}));
  EXPECT_EQ(hello.groups, (std::vector<std::uint16_t>{0x11ec, 0x001d}));
  EXPECT_EQ(hello.signature_algorithms, (std::vector<std::uint16_t>{0x0403, 0x0804}));
  EXPECT_EQ(hello.ec_point_formats, std::vector<std::uint8_t>{0});
  EXPECT_EQ(hello.session_id_length, 32u);
  EXPECT_TRUE(hello.has_early_data);
  EXPECT_FALSE(hello.has_ech);
}

TEST(ClientHello, IsTheSameHoweverItIsSplitIntoBytesAndRecords) {
  for (const std::size_t piece : {1u, 2u, 3u, 100u, 16384u}) {
    const std::string bytes = browser().records(piece) + "what follows";
    ClientHelloReader reader;
    std::size_t n = 0;
    while (reader.read(Bytes(bytes).substr(0, n)) == State::need_more && n < bytes.size()) ++n;
    ASSERT_EQ(reader.state(), State::done) << reader.why();
    EXPECT_EQ(n, bytes.size() - 12) << "not before the last byte, and not after it";
    EXPECT_EQ(reader.hello().server_name, "www.example.com");
    EXPECT_EQ(reader.hello().extensions.size(), 9u);
  }
}

TEST(ClientHello, OfOldClientsHasNoExtensions) {
  Builder old;
  old.legacy_version = 0x0301;
  old.without_extensions = true;
  const auto reader = read(old.records());
  ASSERT_EQ(reader.state(), State::done);
  EXPECT_EQ(reader.hello().server_name_kind, ServerName::absent);
  EXPECT_EQ(reader.hello().highest_version(), 0x0301);
}

TEST(ClientHello, TellsThatItHidesItsRealName) {
  const auto reader =
      read(Builder().server_name("public.example").extension(0xfe0d, "sealed").records());
  EXPECT_TRUE(reader.hello().has_ech);
}

TEST(ClientHello, NamesAHostOnlyWhenItIsOne) {
  using namespace std::string_literals;
  const std::pair<std::string, ServerName> names[] = {
      {"example.com", ServerName::host},
      {"example.com.", ServerName::host},
      {"a_b-c.1x", ServerName::host},
      {"xn--bcher-kva.example", ServerName::host},
      {std::string(63, 'a') + ".b", ServerName::host},
      {"192.0.2.1", ServerName::address},
      {"2001:db8::1", ServerName::address},
      {"127.1", ServerName::address},
      {"2130706433", ServerName::address},
      {"0x7f.0.0.0x1", ServerName::address},
      {"exa\0mple.com"s, ServerName::invalid},
      {"example.com\0"s, ServerName::invalid},
      {"b\xc3\xbc.example", ServerName::invalid},
      {"a b", ServerName::invalid},
      {"*.example.com", ServerName::invalid},
      {"a..b", ServerName::invalid},
      {".a", ServerName::invalid},
      {".", ServerName::invalid},
      {"a..", ServerName::invalid},
      {std::string(64, 'a') + ".b", ServerName::invalid},
      {std::string(254, 'a'), ServerName::invalid}};
  for (const auto& [name, kind] : names) {
    const auto reader = read(Builder().server_name(name).records());
    ASSERT_EQ(reader.state(), State::done);
    EXPECT_EQ(reader.hello().server_name_kind, kind) << printable(name);
    if (kind != ServerName::host) {
      EXPECT_EQ(reader.hello().server_name, name);
    }
  }
}

TEST(ClientHello, WithSeveralNamesHasNone) {
  const std::string two = u8(0) + vector16("a.example") + u8(0) + vector16("b.example");
  EXPECT_EQ(read(Builder().extension(0, vector16(two)).records()).hello().server_name_kind,
            ServerName::invalid);
  const std::string other_kind = u8(7) + vector16("a.example");
  EXPECT_EQ(read(Builder().extension(0, vector16(other_kind)).records()).hello().server_name_kind,
            ServerName::invalid);
}

TEST(ClientHello, IsMalformedWhenItLiesAboutLengths) {
  expect_malformed(Builder().extension(0, "").records(),
                   "the lengths inside an extension do not fit");
  expect_malformed(Builder().extension(0, u16(9) + u8(0) + vector16("abc")).records(),
                   "the lengths inside an extension do not fit");
  expect_malformed(Builder().extension(0, vector16(u8(0) + u16(0))).records(),
                   "the lengths inside an extension do not fit");
  expect_malformed(Builder().extension(0, vector16(u8(0) + u16(4) + "abc")).records(),
                   "the lengths inside an extension do not fit");
  expect_malformed(Builder().extension(16, vector16(u8(9) + "h2")).records(),
                   "the lengths inside an extension do not fit");
  expect_malformed(Builder().extension(10, vector16("abc")).records(),
                   "the lengths inside an extension do not fit");
  expect_malformed(Builder().extension(43, vector8("")).records(),
                   "the lengths inside an extension do not fit");
  Builder longer;
  longer.extensions = u16(5) + u16(100) + "x";
  expect_malformed(longer.records(), "an extension is longer than the extensions");
  Builder odd;
  odd.cipher_suites = "abc";
  expect_malformed(odd.records(), "the list of cipher suites is empty or odd");
  Builder id;
  id.session_id = std::string(33, 's');
  expect_malformed(id.records(), "the session id is too long");
  Builder uncompressed;
  uncompressed.compression_methods = "";
  expect_malformed(uncompressed.records(), "the list of compression methods is empty");
  expect_malformed(Builder::records_of(u8(1) + u24(2) + "\3\3"), "the message ends too early");
  std::string trailing = Builder().message();
  trailing[3] = static_cast<char>(trailing[3] + 1);
  expect_malformed(Builder::records_of(trailing + "x"),
                   "the extensions do not end where the message ends");
}

TEST(ClientHello, IsMalformedWhenAnExtensionComesTwice) {
  expect_malformed(Builder().server_name("a.example").server_name("b.example").records(),
                   "an extension comes twice");
}

TEST(ClientHello, IsMalformedWhenItOffersMoreProtocolsThanAnybodySpeaks) {
  std::string protocols;
  for (int i = 0; i < 256; ++i) protocols += vector8("h2");
  EXPECT_EQ(read(Builder().extension(16, vector16(protocols)).records()).hello().alpn.size(), 256u);
  protocols += vector8("h2");
  expect_malformed(Builder().extension(16, vector16(protocols)).records(),
                   "it offers too many protocols");
}

TEST(ClientHello, IsMalformedWhenItsRecordsAre) {
  expect_malformed("\x16\x03\x01\x40\x01", "a record is too long");
  expect_malformed(std::string("\x16\x03\x01\0\0", 5), "a record is empty");
  expect_malformed(std::string("\x16\x03\x01\0\x01\x02", 6),
                   "the first message is not a ClientHello");
  std::string bytes = browser().records(200);
  bytes[205] = 21;  // an alert between its pieces
  expect_malformed(bytes, "not a record of a TLS handshake");
}

TEST(ClientHello, IsMalformedBeyondItsLimit) {
  expect_malformed(std::string("\x16\x03\x01\0\x04\x01\x01\0\x01", 9), "it is too long");
  const std::string bytes = browser().records(1);  // six bytes for each
  ClientHelloReader reader(2'000);
  EXPECT_EQ(reader.read(Bytes(bytes).substr(0, 2'000)), State::need_more);
  EXPECT_EQ(reader.read(Bytes(bytes).substr(0, 2'001)), State::malformed);
  ClientHelloReader enough(bytes.size());
  EXPECT_EQ(enough.read(bytes), State::done);
}

// Damaged at random: it never reads outside, and the answer does not depend on how the bytes came.
TEST(ClientHello, IsReadTheSameWholeAndByteByByteWhateverItHolds) {
  std::mt19937 random(5);
  int done = 0, malformed = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes = browser().records(random() % 2 == 0 ? 16384 : random() % 300 + 1);
    for (int n = static_cast<int>(random() % 4); n > 0; --n)
      bytes[random() % std::min<std::size_t>(bytes.size(), 250)] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const auto whole = read(bytes);
    ClientHelloReader slow;
    for (std::size_t n = 0; n <= bytes.size() && slow.state() == State::need_more; ++n)
      slow.read(std::string(bytes, 0, n));
    ASSERT_EQ(whole.state(), slow.state());
    ASSERT_STREQ(whole.why(), slow.why());
    ASSERT_EQ(whole.hello().server_name, slow.hello().server_name);
    ASSERT_EQ(whole.hello().extensions, slow.hello().extensions);
    done += whole.state() == State::done;
    malformed += whole.state() == State::malformed;
  }
  EXPECT_GT(done, 300);
  EXPECT_GT(malformed, 300);
}

}  // namespace
}  // namespace hyalite

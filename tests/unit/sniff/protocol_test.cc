// SPDX-License-Identifier: MIT
#include "sniff/protocol.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"
#include "support/whole_first_bytes.h"

namespace hyalite {
namespace {

using enum ClientSpeaks;
using namespace std::string_view_literals;

struct Case {
  Bytes bytes;
  ClientSpeaks expected;
};

void expect(std::initializer_list<Case> cases) {
  for (const auto& one : cases)
    EXPECT_STREQ(name(sniff_client(one.bytes)), name(one.expected)) << printable(one.bytes);
}

TEST(TheClient, SpeaksTlsWhenARecordOfAHandshakeBegins) {
  expect(
      {{"\x16", need_more}, {"\x16\x03", tls}, {"\x16\x03\x01\x02", tls}});
}

// Go and wolfSSL take a ClientHello in a record of nearly any version, and a warning before it.
TEST(TheClient, SpeaksTlsAlsoInRecordsOfOtherVersions) {
  expect({{"\x16\x02\x01", need_more},
          {"\x16\x02\x01\x00\x05"sv, need_more},
          {"\x16\x02\x01\x00\x05\x01"sv, tls},
          {"\x16\x00\x00\x02\x00\x01"sv, tls},
          {"\x16\xff\xff\x48\x00\x01"sv, tls},
          {"\x16\x02\x01\x48\x01\x01"sv, other},
          {"\x16\x02\x01\x00\x00\x01"sv, other},
          {"\x16\x02\x01\x00\x05\x02"sv, other},
          {"\x15\x02\x01\x00\x02"sv, need_more},
          {"\x15\x02\x01\x00\x02\x01"sv, tls},
          {"\x15\x02\x01\x00\x02\x02"sv, other},
          {"\x15\x02\x01\x00\x03\x01"sv, other},
          {"\x14\x02\x01\x00\x01\x01"sv, other},
          {"\x17\x02", other}});
}

// Go passes over an alert before the ClientHello; OpenSSL over empty records.
TEST(TheClient, SpeaksTlsWhateverRecordBegins) {
  expect({{"\x15", need_more},
          {"\x15\x03\x01", tls},
          {"\x14\x03", tls},
          {"\x17\x03", tls},
          {"\x18\x03", tls},
          {"\x13\x03", other},
          {"\x19\x03", other},
          {"\x18\x02", other}});
}

TEST(TheClient, SpeaksTlsWhenAHelloBeginsInTheOldForm) {
  expect({{"\x80", need_more},
          {"\x80\n", need_more},
          {"\x80\x2e\x01", need_more},
          {"\x80\x2e\x01\x03", tls},
          {"\xff\x2e\x01\x03\x01", tls},
          {"\x80\x2e\x01\x02", other},
          {"\x80\n x", other},
          {"\x00\x2e\x01\x03"sv, other}});
}

TEST(TheClient, SpeaksHttpWhenItsFirstLineIsARequest) {
  expect({{"GET / HTTP/1.1\r\n", http1},
          {"GET /", http1},
          {"GET ", http1},
          {"NEWMETHOD x HTTP/1.1\r\n", http1},
          {"NEWMETHOD /x", http1},
          {"OPTIONS * HTTP/1.1\r\n", http1},
          {"FOO http://x", http1}});
}

TEST(TheClient, SpeaksHttpWhateverALenientServerCouldForgive) {
  expect({{"\r\n\r\n GET / HTTP/1.1\r\n", http1},
          {"get / http/1.1\r\n", http1},
          {"\tGeT\t/", http1},
          {"GET\v/ HTTP/1.1", http1},
          {"GET\f/ HTTP/1.1", http1},
          {"GET\r/ HTTP/1.1", http1},
          {"FOO\r/x\rHTTP/1.1\n", http1},
          {"FOO x\rhTTp/9\n", http1},
          {"\vGET / HTTP/1.1\n", http1},
          {"\xff\xfe x HTTP/1.1\n", http1},
          {"<?xml /x HTTP/1.1\n", http1},
          {"a  \t /", http1},
          {"a *", http1},
          {"a x http/\n", http1},
          {"GET / \0 HTTP/1.1\n"sv, http1},
          {"GET/ HTTP/1.1\n", http1}});
}

TEST(TheClient, SpeaksSomethingElseWhenNoServerReadsARequestInIt) {
  expect({{"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", other},
          {"EHLO mail.example\r\n", other},
          {"USER me\r\n", other},
          {"{\"id\": 1}\n", other},
          {"QUIT\r\n", other},
          {"GET\r\n", other},
          {"GET\n", other},
          {"\0\0\0\x08"sv, other},
          {"GE\x01T / HTTP/1.1\r\n", other},
          {"\x7f / HTTP/1.1", other},
          {"\x05\x01\x00"sv, other},
          {"HTTP/1.1 200 OK\r\n", other}});
}

TEST(TheClient, SpeaksGitWhenAPacketAsksForAServiceOfIt) {
  expect({{"0033git-upload-pack /project.git\0host=git.example\0"sv, other},
          {"003agit-receive-pack /~u/x.git\0host=git.example\0\0version=2\0"sv, other},
          {"0033git-upload-pack /project.git", need_more},
          {"0033git-upload-pack /project.git\r\n", http1},
          {"0033git-upload-pack x\r\n", other},
          {"0033git-upload-pack / HTTP/1.1\0"sv, http1},
          {"0033git-upload-pack /\0 HTTP/1.1\r\n"sv, other},
          {"003git-upload-pack /x\0"sv, http1},
          {"abcd /x\0"sv, http1},
          {"0033 /x\0"sv, http1}});
}

TEST(TheClient, IsHeardOutWhileItMaySpeakAnything) {
  expect({{"", need_more},
          {"\r\n \t", need_more},
          {"G", need_more},
          {"GET", need_more},
          {"GET\r", need_more},
          {"FOO ", need_more},
          {"FOO x", need_more},
          {"FOO x\r", need_more},
          {"FOO x htt", need_more},
          {"FOO http:/", need_more},
          {"\xffx", need_more}});
}

TEST(TheClient, SpeaksHttp2OnlyWithTheWholePreface) {
  const Bytes preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (std::size_t n = 0; n < preface.size(); ++n)
    EXPECT_EQ(sniff_client(preface.substr(0, n)), need_more) << n;
  EXPECT_EQ(sniff_client(preface), http2_preface);
  EXPECT_EQ(sniff_client(std::string(preface) + "more"), http2_preface);
  expect({{"PRI * HTTP/2.0\r\n\r\nSMx", http1},
          {"PRI * HTTP/2.1", http1},
          {"PRIX\r\n", other},
          {"pri * HTTP/2.0\r\n", http1}});
}

TEST(TheClient, SpeaksHttpWhenItsFirstLineDoesNotEnd) {
  const std::string line(17, 'x');
  EXPECT_EQ(sniff_client(line.substr(0, 16), 16), need_more);
  EXPECT_EQ(sniff_client(line, 16), http1);
  EXPECT_EQ(sniff_client(line + "\n", 16), http1);
  EXPECT_EQ(sniff_client(std::string(17, '\n'), 16), http1);
  EXPECT_EQ(sniff_client(std::string(15, 'x') + "\n", 16), other);
}

// Once decided, decided: however the bytes go on, and however they come.
TEST(TheClient, IsJudgedOnceAndForAll) {
  const std::vector<std::string> pieces = {"GET",
                                           "get",
                                           "FOO",
                                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                           "PRI",
                                           " ",
                                           "\t",
                                           "\v",
                                           "\f",
                                           "\r",
                                           "\n",
                                           "\r\n",
                                           "/",
                                           "*",
                                           "://",
                                           "HTTP/",
                                           "http/1.1",
                                           "x",
                                           "\x16",
                                           "\x03",
                                           std::string(1, '\0'),
                                           "0033git-upload-pack",
                                           "\x7f",
                                           "\xff",
                                           "1"};
  std::mt19937 random(11);
  std::vector<int> seen(5);
  for (int round = 0; round < 30'000; ++round) {
    std::string all;
    for (int n = static_cast<int>(random() % 8); n >= 0; --n)
      all += pieces[random() % pieces.size()];
    ClientSpeaks before = need_more;
    ClientSniffer by_one(30), by_three(30);
    for (std::size_t n = 0; n <= all.size(); ++n) {
      const Bytes first = Bytes(all).substr(0, n);
      const ClientSpeaks now = sniff_client(first, 30);
      if (before != need_more) {
        ASSERT_EQ(now, before) << printable(all) << " at " << n;
      }
      ASSERT_EQ(now, whole::sniff_client(first, 30)) << printable(first);
      ASSERT_EQ(by_one.sniff(first), now) << printable(first);
      if (n % 3 == 0) {
        ASSERT_EQ(by_three.sniff(first), now) << printable(first);
      }
      before = now;
    }
    ++seen[std::size_t(before)];
  }
  for (const int count : seen) EXPECT_GT(count, 20);  // every answer was tried
}

// Looked at again, what was looked at before would decide.
TEST(TheClient, IsLookedAtOnceHoweverItDrips) {
  constexpr std::size_t kBytes = 5'000;
  for (const auto& [begin, more, decides] : {std::tuple{"", 'x', '\x01'},
                                             {"x", ' ', '\x01'},
                                             {"x x", 'x', '\n'},
                                             {"\n", '\n', '\x01'},
                                             {"0033git-upload-pack /x", 'x', '\0'}}) {
    std::string bytes = begin + std::string(kBytes, more);
    ClientSniffer sniffer(2 * kBytes);
    for (std::size_t n = std::string_view(begin).size() + 1; n <= bytes.size(); ++n) {
      ASSERT_EQ(sniffer.sniff(Bytes(bytes).substr(0, n)), need_more) << begin << " at " << n;
      bytes[n - 1] = decides;
    }
  }
}

TEST(TheServer, SpeaksHttpWhenItBeginsWithAVersion) {
  for (const auto& [bytes, expected] : {std::pair<Bytes, ServerSpeaks>{"", ServerSpeaks::need_more},
                                        {"HTT", ServerSpeaks::need_more},
                                        {"http/", ServerSpeaks::http1},
                                        {"HTTP/1.1 200 OK\r\n", ServerSpeaks::http1},
                                        {"HTTQ", ServerSpeaks::other},
                                        {"220 mail.example ESMTP\r\n", ServerSpeaks::other},
                                        {"\0\0"sv, ServerSpeaks::other}}) {
    EXPECT_STREQ(name(sniff_server(bytes)), name(expected)) << printable(bytes);
  }
}

}  // namespace
}  // namespace hyalite

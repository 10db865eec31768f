// SPDX-License-Identifier: MIT
#include "http/connection.h"

#include <gtest/gtest.h>

#include "http/authentication.h"
#include "http/strict.h"

namespace hyalite {

namespace {

std::string lines_of(std::string_view lines) {
  return lines.empty() ? std::string() : std::string(lines) + "\r\n";
}

class Connection : public testing::Test {
 protected:
  const RequestHead& request(std::string_view line, std::string_view lines = {}) {
    text_ = std::string(line) + "\r\n" + lines_of(lines) + "\r\n";
    EXPECT_EQ(Indexer::index(text_, 16, request_), std::nullopt);
    return request_;
  }
  const ResponseHead& response(std::string_view line, std::string_view lines = {}) {
    text_ = std::string(line) + "\r\n" + lines_of(lines) + "\r\n";
    EXPECT_EQ(Indexer::index(text_, 16, response_), std::nullopt);
    return response_;
  }
  std::string text_;
  RequestHead request_;
  ResponseHead response_;
};

constexpr const char* kGet11 = "GET / HTTP/1.1";
constexpr const char* kGet10 = "GET / HTTP/1.0";

TEST(Authentication, OfAConnectionIsToldFromThatOfAMessage) {
  const auto carries = [](const std::string& fields) {
    RequestHead head;
    const std::string raw = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    EXPECT_EQ(Indexer::index(raw, 8, head), std::nullopt) << fields;
    return binds_connection(head);
  };
  for (const char* each : {"", "Authorization: Basic eDp5\r\n", "authorization: BEARER x\r\n", "Proxy-Authorization: Digest username=\"NTLM\"\r\n"})
    EXPECT_FALSE(carries(each)) << each;
  for (const char* each : {"Authorization: NTLM TlRM\r\n", "Authorization: Negotiate\r\n", "Proxy-Authorization: negotiate YII=\r\n",
                           "Authorization: Basic eDp5\r\nAuthorization: NTLM TlRM\r\n", "Authorization: Unheard of\r\n", "Authorization:\r\n"})
    EXPECT_TRUE(carries(each)) << each;
  const auto offers = [](const std::string& value) {
    ResponseHead head;
    const std::string raw = "HTTP/1.1 401 No\r\nWWW-Authenticate: " + value + "\r\n\r\n";
    EXPECT_EQ(Indexer::index(raw, 8, head), std::nullopt) << value;
    return binds_connection(head);
  };
  for (const char* each : {"Basic realm=\"a\"", "Basic realm=\"a, NTLM\", charset=\"UTF-8\"", "Basic realm=\"a \\\" , NTLM \", Bearer",
                           "Digest realm = \"a\" , nonce = x", ""})
    EXPECT_FALSE(offers(each)) << each;
  for (const char* each : {"NTLM", "Basic realm=\"a\", Negotiate", "Negotiate, Basic realm=a", "Negotiate YII==", "Basic realm=\"never ends, Bearer",
                           "Newest realm=\"a\""})
    EXPECT_TRUE(offers(each)) << each;
}

}  // namespace

TEST_F(Connection, StaysOpenAsTheVersionAndTheOptionsSay) {
  EXPECT_TRUE(keeps_alive(request(kGet11)));
  EXPECT_FALSE(keeps_alive(request(kGet10)));
  EXPECT_TRUE(keeps_alive(request(kGet10, "Connection: Keep-Alive")));
  EXPECT_FALSE(keeps_alive(request(kGet11, "Connection: close")));
  EXPECT_FALSE(keeps_alive(request(kGet11, "Connection: x,CLOSE , y")));
  EXPECT_FALSE(keeps_alive(request(kGet11, "Connection: keep-alive\r\nConnection: close")));
  EXPECT_FALSE(keeps_alive(request(kGet10, "Connection: close, keep-alive")));
  EXPECT_TRUE(keeps_alive(request(kGet11, "Connection: closed")));
  EXPECT_FALSE(keeps_alive(request(kGet11, "Proxy-Connection: close")));
  EXPECT_FALSE(keeps_alive(request(kGet10, "Proxy-Connection: keep-alive")));
}

TEST_F(Connection, EndsWithABodyThatLastsUntilTheClose) {
  const ResponseHead& head = response("HTTP/1.1 200 OK", "Connection: keep-alive");
  EXPECT_TRUE(keeps_alive(head, {Framing::Kind::chunked}));
  EXPECT_TRUE(keeps_alive(head, {}));
  EXPECT_FALSE(keeps_alive(head, {Framing::Kind::until_close}));
  EXPECT_FALSE(keeps_alive(head, {Framing::Kind::tunnel}));
  EXPECT_FALSE(keeps_alive(response("HTTP/1.0 200 OK"), {Framing::Kind::length, 5}));
}

TEST_F(Connection, WaitsForContinueOnlyWithABodyInHttp11) {
  EXPECT_TRUE(
      expects_continue(request("PUT / HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 5")));
  EXPECT_TRUE(expects_continue(
      request("PUT / HTTP/1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked")));
  EXPECT_FALSE(
      expects_continue(request("PUT / HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 0")));
  EXPECT_FALSE(expects_continue(request("PUT / HTTP/1.1", "Content-Length: 5")));
  EXPECT_FALSE(
      expects_continue(request("PUT / HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 5")));
}

TEST_F(Connection, IsUpgradedOnlyWhenConnectionSaysSo) {
  const UpgradeOffer websocket =
      asks_upgrade(request(kGet11, "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket"));
  EXPECT_TRUE(websocket.websocket && !websocket.h2c && !websocket.other);
  const UpgradeOffer many =
      asks_upgrade(request(kGet11, "Connection: upgrade\r\nUpgrade: h2c, , TLS/1.0"));
  EXPECT_TRUE(!many.websocket && many.h2c && many.other);
  EXPECT_EQ(upgrade_kind("WebSocket"), UpgradeKind::websocket);
  for (const char* protocol : {"h2c", "H2C-14"}) {
    EXPECT_EQ(upgrade_kind(protocol), UpgradeKind::h2c) << protocol;
  }
  for (const char* protocol : {"", "h2", "websockets", "TLS/1.2, h2c"}) {
    EXPECT_EQ(upgrade_kind(protocol), UpgradeKind::other) << protocol;
  }
  EXPECT_FALSE(asks_upgrade(request(kGet11, "Upgrade: websocket")).any());
  EXPECT_FALSE(asks_upgrade(request(kGet11, "Connection: upgrade")).any());
  EXPECT_FALSE(asks_upgrade(request(kGet10, "Connection: upgrade\r\nUpgrade: websocket")).any());
}

TEST_F(Connection, TellsTheReaderOfTheResponseWhatWasAsked) {
  Asked asked = asked_by(request("HEAD / HTTP/1.0"));
  EXPECT_TRUE(asked.by_head && !asked.by_connect && asked.minor_version == 0 &&
              asked.upgrade.empty() && asked.complete);
  asked = asked_by(request("CONNECT a:1 HTTP/1.1"));
  EXPECT_TRUE(!asked.by_head && asked.by_connect && asked.minor_version == 1 && asked.complete);
  asked = asked_by(request(kGet11, "Connection: upgrade\r\nUpgrade: a, b\r\nContent-Length: 5"));
  EXPECT_EQ(asked.upgrade, "a, b");
  EXPECT_FALSE(asked.complete);
  EXPECT_EQ(asked_by(request(kGet11, "Upgrade: a")).upgrade, "");
}

TEST_F(Connection, ReadsListsElementByElement) {
  Bytes list = " a ,, b\t,c d,";
  std::string all;
  while (!list.empty()) all.append("[").append(take_element(list)).append("]");
  EXPECT_EQ(all, "[a][][b][c d]");
  for (const char* protocol : {"websocket", "TLS/1.0", "h2c"})
    EXPECT_TRUE(is_protocol(protocol)) << protocol;
  for (const char* protocol : {"", "/", "a/", "/a", "a/b/c", "a b"})
    EXPECT_FALSE(is_protocol(protocol)) << protocol;
}

}  // namespace hyalite

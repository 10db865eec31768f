// Responses: what passes, what is refused, each cut in every way.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "reading.h"

namespace hyalite {

namespace {

using namespace std::string_literals;

const Asked kGet;
const Asked kHead{.by_head = true};
const Asked kConnect{.by_connect = true};
const Asked kOld{.minor_version = 0};
const Asked kWebsocket{.upgrade = "websocket, x/2"};

std::string ok(std::string_view lines) {
  return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}
std::string status(std::string_view line, std::string_view lines = {}) {
  return "HTTP/1.1 " + std::string(line) + "\r\n" + std::string(lines) + "\r\n";
}

}  // namespace

TEST(Response, KnowsHowLongItsBodyIs) {
  expect_response(ok("Content-Length: 5\r\n"), kGet, "length 5");
  expect_response(ok("Content-Length: 0\r\n"), kGet, "none");
  expect_response(ok("Transfer-Encoding:  chunked\r\nConnection: keep-alive\r\nConnection: "
                     "Transfer-Encoding\r\n"),
                  kGet, "chunked");
  expect_response(ok(""), kGet, "until_close");
  expect_response("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n", kOld, "length 4");
  expect_response("HTTP/1.0 404 \r\n\r\n", kOld, "until_close");
  expect_response(status("205 Reset", "Content-Length: 0\r\n"), kGet, "none");
  expect_response(status("500 x", "Content-Length: 7\r\n"), kConnect, "length 7");
}

TEST(Response, HasNoBodyWhereNoneMayBe) {
  expect_response(ok("Content-Length: 5\r\n"), kHead, "none");
  expect_response(ok("Transfer-Encoding: chunked\r\n"), kHead, "none");
  expect_response(ok(""), kHead, "none");
  expect_response(status("304 Not Modified", "Content-Length: 5\r\n"), kGet, "none");
  expect_response(status("304 Not Modified", "Transfer-Encoding: chunked\r\n"), kGet, "none");
  expect_response(status("204 No Content"), kGet, "none");
  expect_response(status("204 No Content", "Content-Length: 0\r\n"), kGet, "none");
  expect_response(status("100 Continue"), kGet, "none");
  expect_response(status("103 Early Hints", "Link: </x>\r\n"), kGet, "none");
  expect_response(status("199 x", "Content-Length: 0\r\n"), kGet, "none");

  expect_response(status("204 x", "Content-Length: 5\r\n"), kGet, Refusal::length_not_allowed);
  expect_response(status("204 x", "Transfer-Encoding: chunked\r\n"), kGet,
                  Refusal::length_not_allowed);
  expect_response(status("100 x", "Content-Length: 5\r\n"), kGet, Refusal::length_not_allowed);
  expect_response(status("103 x", "Transfer-Encoding: chunked\r\n"), kGet,
                  Refusal::length_not_allowed);
}

TEST(Response, PassesAnyStatusLineThatIsClear) {
  for (const char* text : {"200 ", "200", "200 OK", "200  OK ", "299 \xc3\xa4\xff",
                           "418 I'm a teapot\t", "599 x", "600 x", "999 Request denied"}) {
    expect_response(status(text, "Content-Length: 0\r\n"), kGet, "none");
  }
}

TEST(Response, IsRefusedForItsStatusLine) {
  struct Case {
    std::string line;
    Refusal refusal;
  };
  for (const Case& c : std::vector<Case>{
           {"HTTP/1.1 99 x", Refusal::bad_status_line},
           {"HTTP/1.1 099 x", Refusal::bad_status_line},
           {"HTTP/1.1 1000 x", Refusal::bad_status_line},
           {"HTTP/1.1 20 OK", Refusal::bad_status_line},
           {"HTTP/1.1 2x0 OK", Refusal::bad_status_line},
           {"HTTP/1.1  200 OK", Refusal::bad_status_line},
           {"HTTP/1.1 200OK", Refusal::bad_status_line},
           {"HTTP/1.1 200\tOK", Refusal::bad_status_line},
           {"HTTP/1.1 -20 OK", Refusal::bad_status_line},
           {"HTTP/1.1 ", Refusal::bad_status_line},
           {"HTTP/1.1", Refusal::bad_status_line},
           {"HTTP/1.1\t200 OK", Refusal::bad_version},
           {"HTTP/1.2 200 OK", Refusal::unsupported_version},
           {"HTTP/2.0 200 OK", Refusal::unsupported_version},
           {"HTTP/0.9 200 OK", Refusal::unsupported_version},
           {"HTTP/2 200", Refusal::bad_version},
           {"http/1.1 200 OK", Refusal::bad_version},
           {"ICY 200 OK", Refusal::bad_version},
           {"RTSP/1.0 200 OK", Refusal::bad_version},
           {" HTTP/1.1 200 OK", Refusal::bad_version},
           {"", Refusal::bad_version},
           {"<html>", Refusal::bad_version},
           {"HTTP/1.1 200 O\rK", Refusal::bare_cr},
           {"HTTP/1.1 200 O\0K"s, Refusal::nul_byte},
           {"HTTP/1.1 200 O\x1bK", Refusal::control_character},
       }) {
    expect_response(c.line + "\r\nContent-Length: 0\r\n\r\n", kGet, c.refusal);
  }
  expect_response("HTTP/1.1 200 OK\nContent-Length: 0\n\n", kGet, Refusal::bare_lf);
}

TEST(Response, IsRefusedForADoubtfulLength) {
  expect_response(ok("Content-Length: 5\r\nContent-Length: 5\r\n"), kGet,
                  Refusal::several_content_lengths);
  expect_response(ok("Content-Length: 5, 5\r\n"), kGet, Refusal::bad_content_length);
  expect_response(ok("Content-Length: -1\r\n"), kGet, Refusal::bad_content_length);
  expect_response(ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), kGet,
                  Refusal::both_lengths);
  expect_response(ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), kHead,
                  Refusal::both_lengths);
  expect_response(ok("Transfer-Encoding: gzip, chunked\r\n"), kGet,
                  Refusal::unknown_transfer_coding);
  expect_response(ok("Transfer-Encoding: identity\r\n"), kGet, Refusal::bad_transfer_encoding);
  expect_response(ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), kGet,
                  Refusal::several_transfer_encodings);
  expect_response("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", kGet,
                  Refusal::chunked_in_http_1_0);
  expect_response(ok("Transfer-Encoding: chunked\r\n"), kOld, Refusal::chunked_to_http_1_0);
  expect_response(ok("Connection: Content-Length\r\nContent-Length: 5\r\n"), kGet,
                  Refusal::framing_named_in_connection);
  expect_response(ok("Connection: \"close\"\r\n"), kGet, Refusal::bad_connection);
}

TEST(Response, IsRefusedForItsFieldLines) {
  expect_response(ok("X: a\r\n b\r\n"), kGet, Refusal::obs_fold);
  expect_response(ok("X : a\r\n"), kGet, Refusal::space_before_colon);
  expect_response(ok("X: a\rb\r\n"), kGet, Refusal::bare_cr);
  expect_response(ok("X: a\nb: c\r\n"), kGet, Refusal::bare_lf);
  expect_response(ok("X: a\0\r\n"s), kGet, Refusal::nul_byte);
  expect_response(ok("X\r\n"), kGet, Refusal::no_colon);
  expect_response(ok("Content_Length: 3\r\n"), kGet, Refusal::lookalike_field);
  const HeadLimits small{64, 2};
  expect_response("HTTP/1.1 200 " + std::string(64, 'x'), kGet,
                  refusal_text(Refusal::target_too_long), small);
  expect_response("HTTP/1.1 200 OK\r\nX: " + std::string(64, 'x'), kGet,
                  refusal_text(Refusal::head_too_large), small);
  expect_response("HTTP/1.1 200 OK\r\nA:\r\nB:\r\nC:\r\n\r\n", kGet,
                  refusal_text(Refusal::too_many_fields), small);
}

TEST(Response, SwitchesOnlyToWhatWasAskedFor) {
  const std::string upgrade = "Connection: Upgrade\r\n";
  expect_response(status("101 x", upgrade + "Upgrade: WebSocket\r\n"), kWebsocket, "tunnel");
  expect_response(status("101 x", upgrade + "Upgrade: x/2\r\nContent-Length: 0\r\n"), kWebsocket,
                  "tunnel");
  expect_response(status("101 x", upgrade + "Upgrade: websocket\r\n"), kGet,
                  Refusal::switch_not_asked);
  expect_response(status("101 x", upgrade + "Upgrade: h2c\r\n"), kWebsocket,
                  Refusal::switch_not_asked);
  expect_response(status("101 x", upgrade + "Upgrade: websocket, h2c\r\n"), kWebsocket,
                  Refusal::switch_not_asked);
  expect_response(status("101 x", upgrade), kWebsocket, Refusal::bad_upgrade);
  expect_response(status("101 x"), kGet, Refusal::switch_not_asked);
  expect_response(status("101 x", "Upgrade: websocket\r\n"), kWebsocket, Refusal::bad_upgrade);
  expect_response(status("101 x", upgrade + "Upgrade: websocket\r\nUpgrade: websocket\r\n"),
                  kWebsocket, Refusal::bad_upgrade);
  for (const char* unclear : {"websocket,", ",websocket", "websocket, ,", "websocket, websocket",
                              "websocket, x/2", "x/2, websocket", "x/2,", "x/2,,x/2"}) {
    expect_response(status("101 x", upgrade + "Upgrade: " + unclear + "\r\n"), kWebsocket,
                    Refusal::bad_upgrade);
  }
  for (const char* unclear : {",h2c", "h2c, TLS/1.2", "TLS/1.2, h2c-14"}) {
    expect_response(status("101 x", upgrade + "Upgrade: " + unclear + "\r\n"),
                    Asked{.upgrade = "TLS/1.2, h2c, h2c-14"}, Refusal::bad_upgrade);
  }
  expect_response(status("101 x", upgrade + "Upgrade: TLS/1.2, TLS/1.1\r\n"),
                  Asked{.upgrade = "TLS/1.2,,TLS/1.1,"}, "tunnel");
  expect_response(status("101 x", upgrade + "Upgrade: websocket\r\nContent-Length: 5\r\n"),
                  kWebsocket, Refusal::length_not_allowed);
  Asked early = kWebsocket;
  early.complete = false;
  expect_response(status("101 x", upgrade + "Upgrade: websocket\r\n"), early,
                  Refusal::switched_too_early);
  // To announce what could be done is no switch.
  expect_response(ok("Upgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n"), kGet,
                  "none");
  expect_response(status("426 x", "Upgrade:\r\nContent-Length: 0\r\n"), kGet, "none");
}

TEST(Response, OpensATunnelOnlyForConnect) {
  expect_response(ok(""), kConnect, "tunnel");
  expect_response("HTTP/1.0 200 Connection established\r\n\r\n", kConnect, "tunnel");
  expect_response(status("299 x", "Content-Length: 0\r\n"), kConnect, "tunnel");
  expect_response(ok("Content-Length: 5\r\n"), kConnect, Refusal::length_not_allowed);
  expect_response(ok("Transfer-Encoding: chunked\r\n"), kConnect, Refusal::length_not_allowed);
  expect_response(status("407 x", "Content-Length: 5\r\n"), kConnect, "length 5");
  expect_response(status("302 x"), kConnect, "until_close");
  expect_response(ok(""), Asked{.by_connect = true, .complete = false},
                  Refusal::switched_too_early);
}

TEST(Response, SendsNoInterimOneToHttp10) {
  expect_response(status("100 Continue"), kOld, Refusal::interim_to_http_1_0);
  expect_response("HTTP/1.0 100 Continue\r\n\r\n", kGet, Refusal::interim_to_http_1_0);
  expect_response("HTTP/1.0 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", kWebsocket,
                  Refusal::interim_to_http_1_0);
}

TEST(Response, FollowsItsInterimOnes) {
  const std::string all =
      "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "1\r\n\r\n";
  ResponseReader reader(kTestLimits);
  ResponseHead head;
  Bytes rest = all;
  for (int expected : {100, 103, 200}) {
    const HeadProgress progress = reader.read(rest, kGet, head);
    ASSERT_EQ(progress.step, HeadProgress::Step::complete);
    EXPECT_EQ(head.status(), expected);
    EXPECT_EQ(head.is_interim(), expected < 200);
    rest.remove_prefix(progress.consumed);
  }
  EXPECT_TRUE(rest.empty());
}

}  // namespace hyalite

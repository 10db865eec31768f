// Requests: what passes, what is refused, each cut in every way.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "reading.h"

namespace hyalite {

namespace {

std::string get(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a.example\r\n" + std::string(lines) + "\r\n";
}
std::string post(std::string_view lines) {
  return "POST / HTTP/1.1\r\nHost: a.example\r\n" + std::string(lines) + "\r\n";
}
std::string line(std::string_view request_line) {
  return std::string(request_line) + "\r\nHost: a.example\r\n\r\n";
}

struct Case {
  std::string text;
  Refusal refusal;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) expect_request(c.text, c.refusal);
}

using namespace std::string_literals;

}  // namespace

TEST(Request, PassesWhatIsUnusualButClear) {
  for (const std::string& text : std::vector<std::string>{
           get(""),
           "GET / HTTP/1.0\r\n\r\n",
           "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
           "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
           line("get / HTTP/1.1"),
           line("BREW /pot HTTP/1.1"),
           line("!#$%&'*+-.^_`|~ / HTTP/1.1"),
           line("PRI / HTTP/1.1"),
           line("QUERY /a?b HTTP/1.1"),
           line("GET //evil.example/x HTTP/1.1"),
           line("GET /\xc3\xa4\xff\x80?\xe4 HTTP/1.1"),
           line("GET /a|b{c}\"<>\\^`[x]%zz%00 HTTP/1.1"),
           line("OPTIONS * HTTP/1.1"),
           line("GET http://a.example HTTP/1.1"),
           line("GET http://A.EXAMPLE:80/x HTTP/1.1"),
           line("GET http://a.example:/x HTTP/1.1"),
           line("GET hTTp://a.example?q HTTP/1.1"),
           "GET https://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET ftp://files.example/x HTTP/1.1\r\nHost: files.example\r\n\r\n",
           "GET http://a.example/x HTTP/1.0\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
           "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
           "CONNECT [2001:db8::1]:443 HTTP/1.0\r\nContent-Length: 0\r\nProxy-Connection: "
           "Keep-Alive\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
           "GET / HTTP/1.1\r\nhOsT:a.b_c-d.example.:8080\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n",
           "GET / HTTP/1.1\r\nHost:  \t 192.0.2.1  \r\n\r\n",
           get("X:\r\nX: \r\nX:\t\t\r\nX: a\tb  c \t\r\n"),
           get("X: \x80\xff\xc3\xa4\r\n"),
           get("!#$%&'*+-.^_`|~09: x\r\n"),
           get("X_Under_Score: 1\r\nContentLength: 5\r\nContent-Lengths: 6\r\nTransfer-Encodingx: "
               "chunked\r\n"),
           get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
               "AAMAAABk\r\n"),
           get("Connection: keep-alive,\r\nConnection: , TE,,x-y\r\nTE: trailers, "
               "deflate;q=0.5\r\n"),
           get("Connection:\r\n"),
           get("Upgrade: websocket\r\nConnection: keep-alive, UPGRADE\r\nSec-WebSocket-Key: x\r\n"),
           get("Upgrade: TLS/1.0, HTTP/2.0\r\n"),
           get("Expect: 100-Continue\r\n"),
           get("Content-Length: 0\r\n"),
           get("Content-Length: 000\r\n"),
           get("Proxy-Connection: close\r\nKeep-Alive: timeout=5\r\nTrailer: Content-Length\r\n"),
           "HEAD /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
           "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
       }) {
    expect_request(text, "none");
  }
}

TEST(Request, KnowsHowLongItsBodyIs) {
  expect_request(post("Content-Length: 5\r\n"), "length 5");
  expect_request(post("content-LENGTH:005  \r\n"), "length 5");
  expect_request(post("Content-Length: 9223372036854775807\r\n"), "length 9223372036854775807");
  expect_request(post("Transfer-Encoding: chunked\r\n"), "chunked");
  expect_request(post("transfer-ENCODING:   ChUnKeD  \r\n"), "chunked");
  expect_request(get("Content-Length: 3\r\n"), "length 3");
  expect_request("DELETE / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "length 3");
  expect_request("BREW / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "chunked");
  expect_request("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", "length 2");
  expect_request(
      post("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"),
      "length 4");
}

TEST(Request, TakesOneEmptyLineBeforeItForNothing) {
  expect_request("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::empty_line_before_request);
  expect_request("\r\n\r\n", Refusal::empty_line_before_request);
  expect_request("\n", Refusal::bare_lf);
  expect_request("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::bare_lf);
  expect_request("\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::bare_cr);
  expect_request("\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::bad_request_line);

  RequestReader reader(kTestLimits);
  RequestHead head;
  const HeadProgress progress = reader.read("\r\n", head);
  EXPECT_EQ(progress.step, HeadProgress::Step::need_more);
  EXPECT_EQ(progress.consumed, 2U);
  EXPECT_EQ(reader.read("GET / HTTP/1.0\r\n\r\n", head).step, HeadProgress::Step::complete);
  EXPECT_EQ(head.raw(), "GET / HTTP/1.0\r\n\r\n");
  // And again before the next one.
  EXPECT_EQ(reader.read("\r\nGET /2 HTTP/1.0\r\n\r\n", head).consumed, 21U);
  EXPECT_EQ(head.raw(), "GET /2 HTTP/1.0\r\n\r\n");
}

TEST(Request, IsRefusedForItsRequestLine) {
  expect_all({
      {line("GET  / HTTP/1.1"), Refusal::bad_request_line},
      {line("GET /  HTTP/1.1"), Refusal::bad_request_line},
      {line("GET  HTTP/1.1"), Refusal::bad_request_line},
      {line("GET / HTTP/1.1 "), Refusal::bad_request_line},
      {line(" GET / HTTP/1.1"), Refusal::bad_request_line},
      {line("GET / x HTTP/1.1"), Refusal::bad_request_line},
      {line("GET\t/ HTTP/1.1"), Refusal::bad_request_line},
      {line("GET /\tHTTP/1.1"), Refusal::bad_request_line},
      {line("GET /a\tb HTTP/1.1"), Refusal::bad_request_line},
      {line("GET"), Refusal::bad_request_line},
      {line("GET "), Refusal::bad_request_line},
      {line("GET /"), Refusal::http_0_9},
      {"GET /\r\n", Refusal::http_0_9},
      {line("GET / "), Refusal::bad_version},
      {line("GET / HTTP/1.2"), Refusal::unsupported_version},
      {line("GET / HTTP/2.0"), Refusal::unsupported_version},
      {line("GET / HTTP/0.9"), Refusal::unsupported_version},
      {line("GET / HTTP/3.1"), Refusal::unsupported_version},
      {line("PRI * HTTP/2.0"), Refusal::unsupported_version},
      {line("GET / HTTP/1.10"), Refusal::bad_version},
      {line("GET / HTTP/01.1"), Refusal::bad_version},
      {line("GET / HTTP/1,1"), Refusal::bad_version},
      {line("GET / HTTP/1.x"), Refusal::bad_version},
      {line("GET / HTTP/1"), Refusal::bad_version},
      {line("GET / HTTP/2"), Refusal::bad_version},
      {line("GET / http/1.1"), Refusal::bad_version},
      {line("GET / RTSP/1.0"), Refusal::bad_version},
      {line("GET / ICE/1.0"), Refusal::bad_version},
      {line("GET / HTTP /1.1"), Refusal::bad_request_line},
      {line("GET / HTTPS/1.1"), Refusal::bad_version},
      {line("G(ET / HTTP/1.1"), Refusal::bad_method},
      {line("G\xc3\x89T / HTTP/1.1"), Refusal::bad_method},
      {line("GET: / HTTP/1.1"), Refusal::bad_method},
      {line("head / HTTP/1.1"), Refusal::ambiguous_method},
      {line("Head / HTTP/1.1"), Refusal::ambiguous_method},
      {line("connect a:1 HTTP/1.1"), Refusal::ambiguous_method},
      {"GET / HTTP/1.1\nHost: a\r\n\r\n", Refusal::bare_lf},
      {line("GET /\r HTTP/1.1"), Refusal::bare_cr},
      {line("GET / HTTP/1.1\r"), Refusal::bare_cr},
      {line("GET /\0 HTTP/1.1"s), Refusal::nul_byte},
      {line("GET\0 / HTTP/1.1"s), Refusal::nul_byte},
      {line("GET /\x01 HTTP/1.1"), Refusal::control_character},
      {line("GET /\x7f HTTP/1.1"), Refusal::control_character},
      {line("GET /\v HTTP/1.1"), Refusal::control_character},
      {line("GET\f/ HTTP/1.1"), Refusal::control_character},
  });
}

TEST(Request, IsRefusedForItsTarget) {
  expect_all({
      {line("GET * HTTP/1.1"), Refusal::target_not_for_method},
      {line("PRI * HTTP/1.1"), Refusal::target_not_for_method},
      {line("CONNECT / HTTP/1.1"), Refusal::target_not_for_method},
      {line("CONNECT a.example HTTP/1.1"), Refusal::target_not_for_method},
      {line("CONNECT a.example: HTTP/1.1"), Refusal::target_not_for_method},
      {line("CONNECT a.example:65536 HTTP/1.1"), Refusal::target_not_for_method},
      {line("CONNECT http://a.example:1/ HTTP/1.1"), Refusal::target_not_for_method},
      {line("CONNECT u@a.example:1 HTTP/1.1"), Refusal::target_not_for_method},
      {line("OPTIONS ** HTTP/1.1"), Refusal::bad_target},
      {line("GET a.example:80 HTTP/1.1"), Refusal::bad_target},
      {line("GET a HTTP/1.1"), Refusal::bad_target},
      {line("GET ?q HTTP/1.1"), Refusal::bad_target},
      {line("GET /a#b HTTP/1.1"), Refusal::fragment_in_target},
      {line("GET http://a.example/#b HTTP/1.1"), Refusal::fragment_in_target},
      {line("GET http:///x HTTP/1.1"), Refusal::bad_target},
      {line("GET http:/x HTTP/1.1"), Refusal::bad_target},
      {line("GET urn:a HTTP/1.1"), Refusal::bad_target},
      {line("GET 1http://a.example/ HTTP/1.1"), Refusal::bad_target},
      {line("GET ht_tp://a.example/ HTTP/1.1"), Refusal::bad_target},
      {line("GET http://u:p@a.example/ HTTP/1.1"), Refusal::bad_target},
      {line("GET http://a.example\\@b/ HTTP/1.1"), Refusal::bad_target},
      {line("GET http://a.example:x/ HTTP/1.1"), Refusal::bad_target},
      {line("GET http://a%2eexample/ HTTP/1.1"), Refusal::bad_target},
  });
}

TEST(Request, IsRefusedForItsHost) {
  const auto host = [](std::string_view value) {
    return "GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n";
  };
  expect_all({
      {"GET / HTTP/1.1\r\n\r\n", Refusal::missing_host},
      {"GET http://a/ HTTP/1.1\r\n\r\n", Refusal::missing_host},
      {get("Host: a.example\r\n"), Refusal::several_hosts},
      {get("host: b\r\n"), Refusal::several_hosts},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Refusal::several_hosts},
      {host(""), Refusal::bad_host},
      {host("a b"), Refusal::bad_host},
      {host("a, b"), Refusal::bad_host},
      {host("a,b"), Refusal::bad_host},
      {host("a/b"), Refusal::bad_host},
      {host("a@b"), Refusal::bad_host},
      {host("a?b"), Refusal::bad_host},
      {host("a#b"), Refusal::bad_host},
      {host("a\\b"), Refusal::bad_host},
      {host("a%62"), Refusal::bad_host},
      {host("http://a"), Refusal::bad_host},
      {host(":80"), Refusal::bad_host},
      {host("a:b"), Refusal::bad_host},
      {host("a:+80"), Refusal::bad_host},
      {host("a:80:80"), Refusal::bad_host},
      {host("a:65536"), Refusal::bad_host},
      {host("a:000080"), Refusal::bad_host},
      {host("\xc3\xa4.example"), Refusal::bad_host},
      {host("2001:db8::1"), Refusal::bad_host},
      {host("[2001:db8::1"), Refusal::bad_host},
      {host("[2001:db8::1]x"), Refusal::bad_host},
      {host("[2001:db8::1]80"), Refusal::bad_host},
      {host("[192.0.2.1]"), Refusal::bad_host},
      {host("[fe80::1%25eth0]"), Refusal::bad_host},
      {host("[]"), Refusal::bad_host},
      {host("[v1.x]"), Refusal::bad_host},
      {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", Refusal::bad_host},
      {line("GET http://b.example/ HTTP/1.1"), Refusal::host_disagrees},
      {line("GET http://a.example:81/ HTTP/1.1"), Refusal::host_disagrees},
      {line("GET http://a.example./ HTTP/1.1"), Refusal::host_disagrees},
      {line("GET https://a.example:80/ HTTP/1.1"), Refusal::host_disagrees},
      {line("GET ftp://a.example:21/ HTTP/1.1"), Refusal::host_disagrees},
      {"GET http://a/ HTTP/1.0\r\nHost: b\r\n\r\n", Refusal::host_disagrees},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a:80\r\n\r\n", Refusal::host_disagrees},
      {"CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", Refusal::host_disagrees},
  });
}

TEST(Request, IsRefusedForItsFieldLines) {
  expect_all({
      {get("X: a\nY: b\r\n"), Refusal::bare_lf},
      {get("X: a\n"), Refusal::bare_lf},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", Refusal::bare_lf},
      {"GET / HTTP/1.1\r\nHost: a\n\n", Refusal::bare_lf},
      {get("X: a\rY: b\r\n"), Refusal::bare_cr},
      {get("X: a\r\r\n"), Refusal::bare_cr},
      {get("X\r: a\r\n"), Refusal::bare_cr},
      {get("\rX: a\r\n"), Refusal::bare_cr},
      {get("X:\r a\r\n"), Refusal::bare_cr},
      {get("X: a\0b\r\n"s), Refusal::nul_byte},
      {get("X\0: a\r\n"s), Refusal::nul_byte},
      {get("Content-Length\0: 5\r\n"s), Refusal::nul_byte},
      {get("X: \x01\r\n"), Refusal::control_character},
      {get("X: \x1b[0m\r\n"), Refusal::control_character},
      {get("X: \x7f\r\n"), Refusal::control_character},
      {get("X: a\v\r\n"), Refusal::control_character},
      {get("X\x0b: a\r\n"), Refusal::control_character},
      {get("X\x7f: a\r\n"), Refusal::control_character},
      {get("X: a\r\n b\r\n"), Refusal::obs_fold},
      {get("X: a\r\n\tb\r\n"), Refusal::obs_fold},
      {get("X: a\r\n \r\n"), Refusal::obs_fold},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Refusal::obs_fold},
      {get(" Transfer-Encoding: chunked\r\n"), Refusal::obs_fold},
      {get("X : a\r\n"), Refusal::space_before_colon},
      {get("X\t: a\r\n"), Refusal::space_before_colon},
      {get("Transfer-Encoding \t : chunked\r\n"), Refusal::space_before_colon},
      {get("X\r\n"), Refusal::no_colon},
      {get("X a\r\n"), Refusal::no_colon},
      {get(": a\r\n"), Refusal::empty_name},
      {get(":\r\n"), Refusal::empty_name},
      {get("X y: a\r\n"), Refusal::bad_name},
      {get("X(y): a\r\n"), Refusal::bad_name},
      {get("\"X\": a\r\n"), Refusal::bad_name},
      {get("X\xc3\xa4: a\r\n"), Refusal::bad_name},
      {get("\xa0X: a\r\n"), Refusal::bad_name},
      {get("Content_Length: 5\r\n"), Refusal::lookalike_field},
      {get("transfer_encoding: chunked\r\n"), Refusal::lookalike_field},
  });
}

TEST(Request, IsRefusedForADoubtfulLength) {
  const auto length = [](std::string_view value) {
    return post("Content-Length:" + std::string(value) + "\r\n");
  };
  for (const std::string& value : std::vector<std::string>{"",
                                                           " ",
                                                           " +5",
                                                           " -5",
                                                           " 5,5",
                                                           " 5, 5",
                                                           " 5 5",
                                                           " 0x5",
                                                           " 5.0",
                                                           " 5e1",
                                                           " 5;",
                                                           " \"5\"",
                                                           " five",
                                                           " 5\t",
                                                           "\t5",
                                                           " \t5",
                                                           " \xb2",
                                                           " 9223372036854775808",
                                                           " 18446744073709551616",
                                                           " 00000000000000000005",
                                                           " 1_0",
                                                           " 5a",
                                                           " '5'"}) {
    expect_request(length(value), Refusal::bad_content_length);
  }
  expect_all({
      {post("Content-Length: 5\r\nContent-Length: 5\r\n"), Refusal::several_content_lengths},
      {post("Content-Length: 5\r\nX: y\r\ncontent-length: 6\r\n"),
       Refusal::several_content_lengths},
      {post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), Refusal::both_lengths},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), Refusal::both_lengths},
      {post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"), Refusal::both_lengths},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       Refusal::several_transfer_encodings},
      {post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
       Refusal::several_transfer_encodings},
      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       Refusal::chunked_in_http_1_0},
      {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
       Refusal::chunked_in_http_1_0},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\n", Refusal::body_not_allowed},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n",
       Refusal::body_not_allowed},
      {"TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", Refusal::body_not_allowed},
  });
}

TEST(Request, IsRefusedForAnyTransferEncodingButChunked) {
  const auto coding = [](std::string_view value) {
    return post("Transfer-Encoding:" + std::string(value) + "\r\n");
  };
  for (const std::string& value : std::vector<std::string>{"",
                                                           " ",
                                                           " identity",
                                                           " \"chunked\"",
                                                           " 'chunked'",
                                                           " chunked;q=1",
                                                           " chunked, identity",
                                                           " xchunked",
                                                           " chunkedx",
                                                           " chunk",
                                                           " chunked,",
                                                           " ,chunked",
                                                           " chunked chunked",
                                                           " cow, chunked",
                                                           "\tchunked",
                                                           " chunked\t",
                                                           " \tchunked",
                                                           " chunked\xa0",
                                                           " \xa0"
                                                           "chunked",
                                                           " ch\xc3\xbcnked",
                                                           " gzip",
                                                           " deflate",
                                                           " chunked, gzip",
                                                           " chunked, chunked",
                                                           " gzip, chunked, chunked",
                                                           " gzip,, chunked",
                                                           ","}) {
    expect_request(coding(value), Refusal::bad_transfer_encoding);
  }
  for (const std::string& value :
       std::vector<std::string>{" gzip, chunked", " X-GZIP,chunked", " deflate, gzip, chunked"}) {
    expect_request(coding(value), Refusal::unknown_transfer_coding);
  }
}

TEST(Request, IsRefusedForItsConnectionUpgradeOrExpectation) {
  expect_all({
      {get("Connection: close, Content-Length\r\nContent-Length: 0\r\n"),
       Refusal::framing_named_in_connection},
      {get("Connection: TRANSFER-encoding\r\n"), Refusal::framing_named_in_connection},
      {get("Connection: keep-alive\r\nConnection: host\r\n"), Refusal::framing_named_in_connection},
      {get("Connection: connection\r\n"), Refusal::framing_named_in_connection},
      {get("Connection: \"close\"\r\n"), Refusal::bad_connection},
      {get("Connection: close;\r\n"), Refusal::bad_connection},
      {get("Connection: close keep-alive\r\n"), Refusal::bad_connection},
      {get("Connection: close\t\r\n"), Refusal::bad_connection},
      {get("Connection: a,\tUpgrade\r\n"), Refusal::bad_connection},
      {get("Upgrade:\r\nConnection: upgrade\r\n"), Refusal::bad_upgrade},
      {get("Upgrade: ,\r\n"), Refusal::bad_upgrade},
      {get("Upgrade: a b\r\n"), Refusal::bad_upgrade},
      {get("Upgrade: websocket/\r\n"), Refusal::bad_upgrade},
      {get("Upgrade: websocket\r\nUpgrade: h2c\r\n"), Refusal::bad_upgrade},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nUpgrade: h2c\r\n\r\n", Refusal::bad_upgrade},
      {get("Expect: 200-ok\r\n"), Refusal::unknown_expectation},
      {get("Expect:\r\n"), Refusal::unknown_expectation},
      {get("Expect: 100-continue, x\r\n"), Refusal::unknown_expectation},
      {get("Expect: 100-continue;q=1\r\n"), Refusal::unknown_expectation},
      {get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), Refusal::unknown_expectation},
      {get("Expect: y 100-continue\r\n"), Refusal::unknown_expectation},
      // llhttp takes Proxy-Connection for Connection: such a request may be read as an upgrade.
      {get("Proxy-Connection: upgrade\r\nUpgrade: websocket\r\n"), Refusal::parsers_disagree},
  });
}

TEST(Request, IsRefusedBeyondItsLimits) {
  const HeadLimits small{64, 3};
  const std::string long_target = "GET /" + std::string(64, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  expect_request(long_target, refusal_text(Refusal::target_too_long), small);
  expect_request(std::string(65, 'x'), refusal_text(Refusal::target_too_long), small);
  expect_request(std::string(64, 'x'), "need_more", small);
  expect_request("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(64, 'x') + "\r\n\r\n",
                 refusal_text(Refusal::head_too_large), small);
  const std::string exact = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(32, 'x') + "\r\n\r\n";
  ASSERT_EQ(exact.size(), 64U);
  expect_request(exact, "none", small);
  expect_request("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(33, 'x') + "\r\n\r\n",
                 refusal_text(Refusal::head_too_large), small);
  expect_request("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n", "none", small);
  expect_request("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\n\r\n",
                 refusal_text(Refusal::too_many_fields), small);
  // A bare LF beyond the limit is not looked for.
  expect_request("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(64, 'x') + "\n",
                 refusal_text(Refusal::head_too_large), small);
}

TEST(Request, LeavesAloneWhatFollowsIt) {
  const std::string first = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
  const std::string rest = "xxGET /2 HTTP/1.1\nbroken";
  for (const Cuts& cuts : cuttings_of(first.size() + rest.size())) {
    EXPECT_EQ(read_request(first + rest, cuts), read_request(first));
  }
  EXPECT_NE(read_request(first).find("length 2 after " + std::to_string(first.size())),
            std::string::npos);
}

}  // namespace hyalite

// Which connections to upstreams may serve another client afterwards, and which requests may go on one.
// SPDX-License-Identifier: MIT
#include "flow/keeping.h"

#include "tests/flow/inspecting_talk.h"

namespace hyalite {
namespace {

struct KeepingTalk : InspectingTalk {
  KeepingTalk() { may_keep = true; }

  std::uint64_t not_kept() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kNotKept; ++i) sum += count("hyalite_upstream_not_kept_total", name_of(static_cast<NotKept>(i)));
    return sum;
  }
};

constexpr char kClosing[] = "GET / HTTP/1.1\r\nHost: x.example\r\nConnection: close\r\n\r\n";
constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: x.example\r\n\r\n";
constexpr char kPost[] = "POST / HTTP/1.1\r\nHost: x.example\r\nContent-Length: 2\r\n\r\nhi";
constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string asks(const std::string& line, const std::string& fields = "", const std::string& body = "") {
  return line + " HTTP/1.1\r\nHost: x.example\r\n" + fields + "\r\n" + body;
}
std::string says(const std::string& status, const std::string& fields, const std::string& body = "") {
  return "HTTP/1.1 " + status + "\r\n" + fields + "\r\n" + body;
}

struct Case {
  const char* what;
  std::string request, response;
  const char* against;  // "": it is kept
};

TEST_F(KeepingTalk, KeepsAConnectionOnlyWhenNothingSpeaksAgainstIt) {
  const std::string two = "Content-Length: 2\r\n";
  const Case cases[] = {
      {"a length", asks("GET /"), says("200 OK", two, "ok"), ""},
      {"chunks", asks("GET /"), says("200 OK", "Transfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"), ""},
      {"HEAD", asks("HEAD /"), says("200 OK", "Content-Length: 500\r\n"), ""},
      {"204", asks("GET /"), says("204 No Content", ""), ""},
      {"304", asks("GET /"), says("304 Not Modified", "Content-Length: 500\r\n"), ""},
      {"interim responses", asks("GET /"), says("103 Early Hints", "Link: </a>\r\n") + says("200 OK", two, "ok"), ""},
      {"a request with a body", kPost, kOk, ""},
      {"a password in each request", asks("GET /", "Authorization: Basic eDp5\r\n"), kOk, ""},
      {"a token asked for", asks("GET /"), says("401 No", two + "WWW-Authenticate: Bearer realm=\"a, NTLM\", Basic\r\n", "no"), ""},
      {"its end ends it", asks("GET /"), says("200 OK", two + "Connection: close\r\n", "ok"), "not_persistent"},
      {"HTTP/1.0", asks("GET /"), "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "not_persistent"},
      {"HTTP/1.0 that stays", asks("GET /"), "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "not_persistent"},
      {"the end of the connection ends the body", asks("GET /"), says("200 OK", "", "ok"), "not_persistent"},
      {"NTLM", asks("GET /", "Authorization: NTLM TlRM\r\n"), kOk, "authentication"},
      {"Negotiate to a proxy", asks("GET /", "Proxy-Authorization: negotiate YII=\r\n"), kOk, "authentication"},
      {"a scheme that nobody knows", asks("GET /", "Authorization: Newest x\r\n"), kOk, "authentication"},
      {"NTLM offered", asks("GET /"), says("401 No", two + "WWW-Authenticate: Basic realm=\"a\", NTLM\r\n", "no"), "authentication"},
      {"an offer to switch", asks("GET /", "Connection: upgrade\r\nUpgrade: websocket\r\n"), kOk, "tunnel"},
      {"CONNECT, refused", "CONNECT y.example:443 HTTP/1.1\r\nHost: y.example:443\r\n\r\n", says("407 No", two, "no"), "tunnel"},
      {"a body where none is expected", asks("GET /", "Content-Length: 2\r\n", "hi"), kOk, "suspect"},
      {"more behind the answer", asks("GET /"), std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", "suspect"},
      {"more behind no content", asks("GET /"), says("204 No Content", "", "ok"), "suspect"},
      {"an ambiguous answer", asks("GET /"), says("200 OK", two + "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), "suspect"},
      {"half an answer", asks("GET /"), says("200 OK", "Content-Length: 20\r\n", "ok"), "unfinished"},
      {"no answer", asks("GET /"), "", "unfinished"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    Playbook t = talk(true);
    t.client(one.request).upstream(one.response);
    t.ends(Side::client);
    ASSERT_TRUE(t.said<Close>());
    t.stage().on_closing(t.said<Close>()->reason);
    const std::string_view against = one.against;
    EXPECT_EQ(t.said<Close>()->upstream == Ending::kept, against.empty());
    EXPECT_EQ(not_kept(), against.empty() ? 0u : 1u);
    if (!against.empty()) {
      EXPECT_EQ(count("hyalite_upstream_not_kept_total", against), 1u);
    }
  }
}

TEST_F(KeepingTalk, KeepsNothingUnlessItMay) {
  may_keep = false;
  Playbook t = talk(true);
  t.client(kClosing).upstream(kOk);
  EXPECT_EQ(t.sent(Side::upstream), kClosing);
  EXPECT_EQ(t.sent(Side::client), kOk);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->upstream, Ending::in_order);
  EXPECT_EQ(not_kept(), 0u);
}

TEST_F(KeepingTalk, KeepsAndTakesNothingInsideOfTlsOrOfATunnel) {
  for (const auto made : {+[](FlowFile& flow) { flow.within_connect = true; }, +[](FlowFile& flow) { flow.tls = std::make_unique<TlsFile>(); }}) {
    Playbook kept = talk(true, made);
    kept.client(kClosing).upstream(kOk);
    EXPECT_EQ(kept.sent(Side::upstream), kClosing);
    ASSERT_TRUE(kept.said<Close>());
    EXPECT_EQ(kept.said<Close>()->upstream, Ending::in_order);
    Playbook taken = talk(false, made);
    taken.client(kGet);
    EXPECT_EQ(taken.wanted(), Which::fresh);
  }
}

TEST_F(KeepingTalk, SaysNothingToUpstreamOfTheClientsEndButToTheClient) {
  Playbook t = talk(true);
  t.client(asks("GET /", "Connection: TE, close\r\nTE: trailers\r\n")).upstream(kOk);
  EXPECT_EQ(t.sent(Side::upstream), asks("GET /", "Connection: TE\r\nTE: trailers\r\n"));
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::agreed);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::kept);
}

TEST_F(KeepingTalk, LeavesTheHeadAloneOfWhatIsNotKeptAnyway) {
  Playbook t = talk(true);
  const std::string request = asks("GET /", "Connection: close\r\nAuthorization: NTLM TlRM\r\n");
  t.client(request);
  EXPECT_EQ(t.sent(Side::upstream), request);
}

TEST_F(KeepingTalk, DoesNotKeepWhatWasAnsweredBeforeItWasAskedToTheEnd) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nhi").upstream(kOk).client("hi").ends(Side::client);
  ASSERT_TRUE(t.said<Close>());
  t.stage().on_closing(t.said<Close>()->reason);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::in_order);
  EXPECT_EQ(count("hyalite_upstream_not_kept_total", "answered_early"), 1u);
}

TEST_F(KeepingTalk, RemembersOfAConnectionWhatAnEarlierRequestDidToIt) {
  Playbook t = talk(true);
  t.client(asks("GET /", "Authorization: Negotiate YII=\r\n")).upstream(kOk).client(kClosing).upstream(kOk);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->upstream, Ending::in_order);
}

TEST_F(KeepingTalk, TakesAKeptConnectionOnlyForWhatCanBeSentTwice) {
  struct Wish {
    std::string request;
    Which which;
  };
  const Wish wishes[] = {
      {kGet, Which::any},
      {asks("HEAD /"), Which::any},
      {asks("DELETE /a"), Which::any},
      {asks("PUT /a", "Content-Length: 0\r\n"), Which::any},
      {asks("PUT /a", "Content-Length: 2\r\n", "hi"), Which::fresh},
      {kPost, Which::fresh},
      {asks("POST /"), Which::fresh},
      {asks("PATCH /"), Which::fresh},
      {asks("GET /", "Authorization: NTLM TlRM\r\n"), Which::fresh},
      {asks("GET /", "Connection: upgrade\r\nUpgrade: websocket\r\n"), Which::fresh},
      {"CONNECT y.example:443 HTTP/1.1\r\nHost: y.example:443\r\n\r\n", Which::fresh},
  };
  for (const Wish& wish : wishes) {
    SCOPED_TRACE(wish.request);
    Playbook t = talk();
    t.client(wish.request);
    ASSERT_TRUE(t.connecting());
    EXPECT_EQ(t.wanted(), wish.which);
  }
}

TEST_F(KeepingTalk, AsksOnceMoreWhereAKeptConnectionWasClosed) {
  for (const bool breaks : {false, true}) {
    Playbook t = talk();
    t.client(kGet).found_kept();
    EXPECT_EQ(t.sent(Side::upstream), kGet);
    breaks ? t.breaks(Side::upstream) : t.ends(Side::upstream);
    ASSERT_TRUE(t.going());
    EXPECT_TRUE(t.connecting());
    EXPECT_EQ(t.wanted(), Which::fresh);
    t.connected();
    EXPECT_EQ(t.sent(Side::upstream), kGet);
    EXPECT_EQ(count("hyalite_upstream_retried_total", ""), 1u);
    // Once: this one was new.
    t.ends(Side::upstream);
    ASSERT_TRUE(t.said<Close>());
    EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_broke);
    EXPECT_EQ(count("hyalite_upstream_retried_total", ""), 1u);
  }
}

TEST_F(KeepingTalk, AsksOnlyOnceWhereSomethingOfAnAnswerCame) {
  for (const char* some : {"HTTP/1.1 2", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha"}) {
    Playbook t = talk();
    t.client(kGet).found_kept().upstream(some).breaks(Side::upstream);
    EXPECT_TRUE(t.said<Close>()) << some;
    EXPECT_EQ(count("hyalite_upstream_retried_total", ""), 0u);
  }
}

TEST_F(KeepingTalk, AsksOnlyOnceOnAConnectionThatHasAnswered) {
  for (const char* request : {kGet, kPost}) {
    Playbook t = talk();
    t.client(kGet).found_kept().upstream(kOk).client(request).ends(Side::upstream);
    EXPECT_TRUE(t.said<Close>()) << request;
    EXPECT_EQ(count("hyalite_upstream_retried_total", ""), 0u);
  }
}

}  // namespace
}  // namespace hyalite

// What plugins do to exchanges, seen from both legs.
// SPDX-License-Identifier: MIT
#include "tests/flow/plugin_talk.h"

namespace hyalite {
namespace {

struct PluginTalk : Set, ::testing::Test {};

constexpr char kAsk[] = "GET /x HTTP/1.1\r\nHost: h.example\r\nX-Debug: 1\r\n\r\n";
constexpr char kPost[] = "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\nbanana";
constexpr char kChunked[] =
    "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    "2;q=1\r\nba\r\n04\r\nnana\r\n0\r\nX-Sum: 9\r\n\r\n";

TEST_F(PluginTalk, HeadersAreEditedBothWaysAndTheRestStaysAsItCame) {
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    http->header_remove(x, HYALITE_PART_REQUEST, 0, bytes("x-debug"));
    http->header_set(x, HYALITE_PART_REQUEST, 0, bytes("X-New"), bytes("n"), HYALITE_SET_REPLACE);
    return HYALITE_CONTINUE;
  };
  script.response_head = [](hyalite_exchange* x, const hyalite_headers*) -> hyalite_verdict {
    http->header_remove(x, HYALITE_PART_RESPONSE, HYALITE_HEADER_SERVER, {});
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kAsk).connected();
  EXPECT_EQ(t.sent(Side::upstream), "GET /x HTTP/1.1\r\nHost: h.example\r\nX-New: n\r\n\r\n");
  t.upstream("HTTP/1.1 200 OK\r\nSERVER: s\r\nX-odd:\t1 \r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nX-odd:\t1 \r\nContent-Length: 2\r\n\r\nhi");
}

TEST_F(PluginTalk, ABlockedRequestNeverReachesTheOriginAndTheConnectionGoesOn) {
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    if (std::string_view(http->request_line(x)->path.data, http->request_line(x)->path.size) != "/x") return HYALITE_CONTINUE;
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 403;
    response.body = bytes("no\n");
    response.reason = bytes("rule 1");
    EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client(kAsk);
  EXPECT_FALSE(t.connecting());
  EXPECT_TRUE(t.going());
  const std::string page = t.sent(Side::client);
  EXPECT_EQ(page.substr(0, 22), "HTTP/1.1 403 Forbidden");
  EXPECT_NE(page.find("\r\n\r\nno\n"), std::string::npos);
  t.client("GET /y HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
  EXPECT_EQ(t.sent(Side::upstream), "GET /y HTTP/1.1\r\nHost: h.example\r\n\r\n");
}

hyalite_verdict refusing(hyalite_exchange* x, const hyalite_headers*, void*) {
  hyalite_response response{};
  response.size = sizeof response;
  response.status = 403;
  EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
  return HYALITE_FINAL;
}

// Clients of HTTP/1.0 that are not told otherwise read to the end.
TEST_F(PluginTalk, ABlockedRequestOfHttp10EndsTheConnection) {
  script.request_head = refusing;
  Playbook t = talk();
  t.client("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(t.said<Close>());
  EXPECT_NE(t.sent(Side::client).find("Connection: close\r\n"), std::string::npos);
}

TEST_F(PluginTalk, ABlockedRequestWithABodyEndsTheConnection) {
  script.request_head = refusing;
  Playbook t = talk();
  t.client(kPost);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::blocked);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_NE(t.sent(Side::client).find("Connection: close\r\n"), std::string::npos);
}

TEST_F(PluginTalk, AHeldBodyThatNobodyEditedLeavesAsItCame) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  int calls = 0;
  script.request_body = [&](hyalite_exchange*, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
    ++calls;
    EXPECT_EQ(view->length, 6u);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  const std::string_view all = kChunked;
  t.client(all.substr(0, all.size() - 1));
  EXPECT_FALSE(t.connecting());
  t.client(all.substr(all.size() - 1)).connected();
  EXPECT_EQ(t.sent(Side::upstream), kChunked);
  EXPECT_EQ(calls, 1);
}

TEST_F(PluginTalk, AHeldBodyThatWasEditedGetsItsNewLength) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  script.request_body = replacing("oo");
  Playbook t = talk();
  t.drips(Side::client, kPost).connected();
  EXPECT_EQ(t.sent(Side::upstream),
            "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 9\r\n\r\nboonoonoo");
}

TEST_F(PluginTalk, AHeldBodyWithTrailersStaysChunkedWhenEdited) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  script.request_body = replacing("oo");
  Playbook t = talk();
  t.client(kChunked).connected();
  EXPECT_EQ(t.sent(Side::upstream),
            "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n"
            "9\r\nboonoonoo\r\n0\r\nX-Sum: 9\r\n\r\n");
}

TEST_F(PluginTalk, AHeldRequestThatIsRefusedNeverReachesTheOrigin) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  script.request_body = [](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 403;
    EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client(kPost);
  EXPECT_FALSE(t.connecting());
  EXPECT_EQ(t.sent(Side::client).substr(0, 12), "HTTP/1.1 403");
}

TEST_F(PluginTalk, AClientThatWaitsForAWordGetsOneWhenItsBodyIsWantedFirst) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  script.request_body = replacing("a");
  Playbook t = talk();
  t.client("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 100 Continue\r\n\r\n");
  t.client("x").connected().upstream("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(PluginTalk, ABodyThatIsHeldOutlivesAnIdleConnectionThatUpstreamCloses) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  script.request_body = replacing("oo");
  Playbook t = talk();
  t.client(kAsk).connected().upstream("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 204 No Content\r\n\r\n");
  for (const bool breaks : {false, true}) {
    SCOPED_TRACE(breaks);
    t.client("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 100 Continue\r\n\r\n");
    t.client("x");
    breaks ? t.breaks(Side::upstream) : t.ends(Side::upstream);
    ASSERT_TRUE(t.going());
    EXPECT_FALSE(t.connecting());
    t.client("a");
    ASSERT_TRUE(t.connecting());
    t.connected();
    EXPECT_EQ(t.sent(Side::upstream), "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nxoo");
    t.upstream("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 204 No Content\r\n\r\n");
  }
}

TEST(PluginTalks, ABodyLargerThanItsCapGoesOnAsAStreamOrIsRefused) {
  for (const bool reject : {false, true}) {
    SCOPED_TRACE(reject);
    Set own;
    own.script.request_head = interested(
        HYALITE_REQUEST, wants(HYALITE_BODY_FULL, 0, 4, reject ? HYALITE_OVERFLOW_REJECT : HYALITE_OVERFLOW_SKIP));
    own.script.request_body = replacing("oo");
    Playbook t = own.talk();
    t.client(kPost);
    if (reject) {
      EXPECT_FALSE(t.connecting());
      EXPECT_EQ(t.sent(Side::client).substr(0, 12), "HTTP/1.1 413");
    } else {
      t.connected();
      EXPECT_EQ(t.sent(Side::upstream), kPost);
    }
  }
}

TEST(PluginTalks, EditsOfTheSameLengthKeepTheFramingThatCame) {
  for (const bool drip : {false, true}) {
    Set own;
    own.script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM));
    own.script.request_body = replacing("o");
    Playbook t = own.talk();
    if (drip) {
      const std::string_view all = kChunked;
      const auto head = all.find("\r\n\r\n") + 4;
      t.client(all.substr(0, head)).connected().drips(Side::client, all.substr(head));
    } else {
      t.client(kChunked).connected();
    }
    EXPECT_EQ(t.sent(Side::upstream),
              "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n"
              "2;q=1\r\nbo\r\n04\r\nnono\r\n0\r\nX-Sum: 9\r\n\r\n");
  }
}

TEST_F(PluginTalk, EditsThatResizeAreSentInChunksOfOurs) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE));
  script.request_body = replacing("");
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\nban").connected();
  t.client("ana");
  EXPECT_EQ(t.sent(Side::upstream),
            "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n"
            "2\r\nbn\r\n1\r\nn\r\n0\r\n\r\n");
}

TEST_F(PluginTalk, ARequestThatIsSentOnceMoreEndsOnceForPlugins) {
  may_keep = true;
  int ends = 0;
  script.request_end = [&](hyalite_exchange*) { ++ends; };
  Playbook t = talk();
  t.client("GET / HTTP/1.1\r\nHost: x\r\n\r\n").found_kept().ends(Side::upstream).connected();
  t.upstream("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(ends, 1);
}

TEST_F(PluginTalk, AResizedResponseToAnOldClientEndsWithTheConnection) {
  script.response_head = [](hyalite_exchange* x, const hyalite_headers*) -> hyalite_verdict {
    const auto options = wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
    EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.response_body = replacing("oo");
  Playbook t = talk();
  t.client("GET / HTTP/1.0\r\n\r\n").connected();
  t.upstream("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nbar");
  const std::string got = t.sent(Side::client);
  EXPECT_EQ(got.find("Content-Length"), std::string::npos) << got;
  EXPECT_EQ(got.substr(got.size() - 8), "\r\n\r\nboor");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::agreed);
}

TEST_F(PluginTalk, APatternCutInTwoIsKeptUntilItsRestComes) {
  script.request_head =
      interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 0, HYALITE_OVERFLOW_DEGRADE, 8));
  script.request_body = [](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) -> hyalite_verdict {
    hyalite_bytes all{};
    if (view->length == 0) return HYALITE_CONTINUE;
    EXPECT_EQ(body->flat(w, 0, view->length, &all), HYALITE_OK);
    const std::string_view text(all.data, all.size);
    const auto found = text.find("nan");
    if (found != std::string_view::npos) {
      body->pass(w, found);
      body->drop(w, 3);
      body->write(w, bytes("[]"));
    } else if (!(view->flags & HYALITE_WINDOW_END)) {
      body->keep(w, std::min<std::uint64_t>(2, view->length));
    }
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\nban").connected();
  t.client("a").client("na");
  const std::string got = t.sent(Side::upstream);
  std::string content;
  for (std::size_t at = got.find("\r\n\r\n") + 4; at < got.size();) {
    const std::size_t line = got.find("\r\n", at);
    const std::size_t n = std::stoul(got.substr(at, line - at), nullptr, 16);
    content += got.substr(line + 2, n);
    at = line + 2 + n + 2;
  }
  EXPECT_EQ(content, "ba[]a");
}

TEST_F(PluginTalk, TrailersAreEditedAndTheBodyStaysAsItCame) {
  script.request_trailers = [](hyalite_exchange* x, const hyalite_headers* headers) -> hyalite_verdict {
    EXPECT_EQ(headers->count, 1u);
    http->header_set(x, HYALITE_PART_REQUEST_TRAILERS, 0, bytes("X-Sum"), bytes("10"), HYALITE_SET_REPLACE);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kChunked).connected();
  EXPECT_EQ(t.sent(Side::upstream),
            "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n"
            "2;q=1\r\nba\r\n04\r\nnana\r\n0\r\nX-Sum: 10\r\n\r\n");
}

TEST_F(PluginTalk, AResponseIsReplacedAtItsHead) {
  script.response_head = [](hyalite_exchange* x, const hyalite_headers*) -> hyalite_verdict {
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 451;
    EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client(kAsk).connected().upstream("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nsecret");
  EXPECT_EQ(t.sent(Side::client).substr(0, 12), "HTTP/1.1 451");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

TEST_F(PluginTalk, WhatStandsBehindATunnelThatIsStoppedIsNoResponse) {
  script.tunnel_open = [](hyalite_exchange* x, std::uint32_t) -> hyalite_verdict {
    EXPECT_EQ(http->reset(x, bytes("no")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").connected();
  t.upstream("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::blocked);
  EXPECT_EQ(MetricRow(cells.data(), layout).cell(places->refused_responses)[static_cast<std::size_t>(Refusal::unasked_response)], 0u);
}

TEST_F(PluginTalk, AnInterimResponseIsDropped) {
  script.response_info = [](hyalite_exchange* x, std::uint32_t) -> hyalite_verdict {
    http->drop_info(x);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kAsk).connected().upstream("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(PluginTalk, ARedirectedRequestGoesElsewhereAndTheNextOneComesBack) {
  int asked = 0;
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    const hyalite_address to{4, 0, 8081, {192, 0, 2, 99}, 0};
    if (++asked == 1) {
      EXPECT_EQ(http->redirect_upstream(x, &to, bytes("cache")), HYALITE_OK);
    }
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kAsk);
  EXPECT_TRUE(t.connecting());
  t.connected().upstream("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
  t.client(kAsk);
  EXPECT_TRUE(t.connecting()) << "the connection to the other server must not be used again";
  EXPECT_EQ(t.sent(Side::upstream), "");
}

TEST_F(PluginTalk, TheEndIsToldOnceWhateverHappens) {
  std::vector<std::uint32_t> ends;
  script.exchange_end = [&](hyalite_exchange*, const hyalite_exchange_summary* summary) { ends.push_back(summary->end); };
  Playbook t = talk();
  t.client(kAsk).connected().upstream("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  t.stage().on_closing(t.said<Close>()->reason);
  t.stage().on_closing(t.said<Close>()->reason);
  EXPECT_EQ(ends, std::vector<std::uint32_t>{HYALITE_END_UPSTREAM_GONE});
}

// With what was asked, as far as it can be told: records are to say what somebody tried.
TEST(PluginTalks, ARefusedRequestIsToldToThePluginsToo) {
  const struct {
    std::string_view request, told;
  } cases[] = {{"GET /secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "client.several_hosts of GET /secret, 2 fields"},
               {"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "client.both_lengths of POST /x, 3 fields"},
               {"GET / HTTP/1.1\r\nHost: a\r\nbad name: b\r\n\r\n", "client.bad_name"},
               {"GET / HTTP/1.1\nHost: a\r\n\r\n", "client.bare_lf"}};
  for (const auto& [request, wanted] : cases) {
    std::string told;
    Set set;
    set.script.exchange_end = [&](hyalite_exchange* x, const hyalite_exchange_summary* summary) {
      told = view(summary->reason);
      if (const hyalite_request_line* line = http->request_line(x))
        told.append(" of ").append(view(line->method)).append(" ").append(view(line->target));
      if (const hyalite_headers* fields = http->headers(x, HYALITE_PART_REQUEST)) told += ", " + std::to_string(fields->count) + " fields";
    };
    Playbook t = set.talk();
    t.client(request);
    EXPECT_EQ(told, wanted);
    EXPECT_EQ(t.sent(Side::upstream), "");
  }
}

TEST(PluginTalks, WhatAPluginMadeOfARequestIsItsFailureAndNotTheClients) {
  const auto edit = [](hyalite_exchange* x, std::string_view how) {
    if (how == "missing_host") return http->header_remove(x, HYALITE_PART_REQUEST, 0, bytes("Host"));
    const bool another = how == "several_hosts";
    return http->header_set(x, HYALITE_PART_REQUEST, 0, bytes("Host"), bytes(another ? "x" : "a b/c@d"),
                            another ? HYALITE_SET_APPEND : HYALITE_SET_REPLACE);
  };
  for (const std::string how : {"missing_host", "several_hosts", "bad_host"}) {
    std::string told;
    Set set;
    set.script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
      EXPECT_EQ(edit(x, how), HYALITE_OK) << how;
      return HYALITE_CONTINUE;
    };
    set.script.exchange_end = [&](hyalite_exchange*, const hyalite_exchange_summary* summary) {
      EXPECT_EQ(summary->end, std::uint32_t{HYALITE_END_BLOCKED}) << how;
      told = std::string(view(summary->reason)) + " by " + std::string(view(summary->decided_by));
    };
    Playbook t = set.talk();
    t.client(kAsk).connected();
    EXPECT_EQ(t.sent(Side::upstream), "") << how;
    EXPECT_EQ(t.sent(Side::client).substr(0, 12), "HTTP/1.1 400") << how;
    ASSERT_TRUE(t.said<Close>()) << how;
    EXPECT_EQ(t.said<Close>()->reason, CloseReason::plugin_failed) << how;
    EXPECT_EQ(told, "plugin." + how + " by p0");
    EXPECT_EQ(set.scripted.count("hyalite_plugin_errors_total", "p0"), 1u) << how;
    EXPECT_TRUE(set.scripted.logged("error plugin.failed instance=p0 hook=request_head what=\"as edited by p0 "
                                    "the request may not be sent: " + how)) << how;
  }
}

// It asks for what is there already, or for what is forbidden, and changes nothing.
TEST_F(PluginTalk, WhoeverChangedNothingIsNoEditor) {
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, bytes("Host"), bytes("x"), HYALITE_SET_IF_ABSENT), HYALITE_OK);
    EXPECT_NE(http->header_set(x, HYALITE_PART_REQUEST, 0, bytes("Content-Length"), bytes("1"), HYALITE_SET_REPLACE), HYALITE_OK);
    EXPECT_EQ(static_cast<ExchangeSubject*>(x)->request_editors, 0u);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kAsk).connected();
  EXPECT_EQ(t.sent(Side::upstream), kAsk);
}

}  // namespace
}  // namespace hyalite

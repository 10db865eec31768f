// SPDX-License-Identifier: MIT
#include "tests/flow/inspecting_talk.h"

#include "http/refusal.h"

namespace hyalite {
namespace {

constexpr char kGet[] = "GET /a HTTP/1.1\r\nHost: x.example\r\nX-Odd:  two  \r\n\r\n";
constexpr char kOk[] = "HTTP/1.1 200 Fine\r\ncontent-LENGTH: 5\r\n\r\nhello";

TEST_F(InspectingTalk, ConnectsOnlyOnceTheHeadIsWhole) {
  Playbook t = talk();
  t.client(std::string_view(kGet).substr(0, 20));
  EXPECT_FALSE(t.connecting());
  t.client(std::string_view(kGet).substr(20));
  EXPECT_TRUE(t.connecting());
  EXPECT_EQ(t.sent(Side::upstream), "");
  t.connected();
  EXPECT_EQ(t.sent(Side::upstream), kGet);
}

// Perhaps its last answer is still on its way to it.
TEST_F(InspectingTalk, EndsInOrderForAClientThatEndsWithinTheNextRequest) {
  Playbook t = talk(true);
  t.client(kGet).upstream(kOk).client("GE").ends(Side::client);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::client_broke);
}

TEST_F(InspectingTalk, PassesAnExchangeByteForByteHoweverItIsCut) {
  for (bool drip : {false, true}) {
    Playbook t = talk(true);
    if (drip) {
      t.drips(Side::client, kGet).drips(Side::upstream, kOk);
    } else {
      t.client(kGet).upstream(kOk);
    }
    EXPECT_EQ(t.sent(Side::upstream), kGet);
    EXPECT_EQ(t.sent(Side::client), kOk);
    EXPECT_TRUE(t.going());
    EXPECT_EQ(count("hyalite_exchanges_total", ""), 1u);
  }
}

TEST_F(InspectingTalk, KeepsAPipelinedRequestBackUntilTheResponseBeforeItIsComplete) {
  Playbook t = talk(true);
  t.client(std::string(kGet) + "GET /b HTTP/1.1\r\nHost: x.example\r\n\r\n");
  EXPECT_EQ(t.sent(Side::upstream), kGet);
  t.upstream("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(t.sent(Side::upstream), "");
  t.upstream("lo");
  EXPECT_EQ(t.sent(Side::upstream), "GET /b HTTP/1.1\r\nHost: x.example\r\n\r\n");
}

TEST_F(InspectingTalk, PassesChunksExtensionsAndTrailersAsTheyCame) {
  const std::string request =
      "POST /up HTTP/1.1\r\nHost: x.example\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "5;name=\"va lue\"\r\nhello\r\n00a\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n";
  Playbook t = talk(true);
  t.drips(Side::client, request);
  EXPECT_EQ(t.sent(Side::upstream), request);
}

TEST_F(InspectingTalk, RefusesAnAmbiguousRequestWithAPageAndSendsNothingOn) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(t.sent(Side::upstream), "");
  EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 400 ");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::request_refused);
  EXPECT_EQ(count("hyalite_refused_requests_total", "both_lengths"), 1u);
}

TEST_F(InspectingTalk, RefusesAnAmbiguousResponseWithAPageAndSendsNothingOn) {
  Playbook t = talk(true);
  t.client(kGet).upstream("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
  EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 502 ");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
  EXPECT_EQ(count("hyalite_refused_responses_total", "several_content_lengths"), 1u);
}

TEST_F(InspectingTalk, ResetsBothSidesWhenAChunkedRequestTurnsBadOnItsWay) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  t.client("zz\r\n");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
  EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 400 ");
}

TEST_F(InspectingTalk, RefusesAnAnswerToNothing) {
  Playbook t = talk(true);
  t.upstream(kOk);
  EXPECT_EQ(t.sent(Side::client), "");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::response_refused);
}

TEST_F(InspectingTalk, DoesNotTakeBytesAfterAResponseForTheNextOne) {
  Playbook t = talk(true);
  t.client(kGet).upstream(std::string(kOk) + kOk);
  EXPECT_EQ(t.sent(Side::client), kOk);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::response_refused);
}

// They harm nobody there, and are counted all the same.
TEST_F(InspectingTalk, CountsBytesAfterTheLastResponse) {
  const std::string ask = "GET /a HTTP/1.1\r\nHost: x.example\r\n";
  const std::string last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
  struct Last {
    std::string request, response;
  };
  for (const Last& one : {Last{ask + "\r\n", last}, Last{ask + "Connection: close\r\n\r\n", kOk},
                          Last{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789", last}}) {
    SCOPED_TRACE(one.request);
    Playbook t = talk(true);
    t.client(one.request).upstream(one.response + kOk);
    EXPECT_EQ(t.sent(Side::client), one.response);
    ASSERT_TRUE(t.said<Close>());
    EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
    EXPECT_NE(t.said<Close>()->client, Ending::reset);
    EXPECT_EQ(count("hyalite_refused_responses_total", "unasked_response"), 1u);
    Playbook alone = talk(true);
    alone.client(one.request).upstream(one.response);
    EXPECT_EQ(count("hyalite_refused_responses_total", "unasked_response"), 0u);
  }
}

TEST_F(InspectingTalk, DoesNotTakeThemForTheAnswerToARequestThatWaitsEither) {
  Playbook t = talk(true);
  t.client(std::string(kGet) + kGet).upstream(std::string(kOk) + kOk);
  EXPECT_EQ(t.sent(Side::upstream), kGet);
  EXPECT_EQ(t.sent(Side::client), kOk);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::response_refused);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

// A reset would take from the client what is whole, and perhaps not read yet.
TEST_F(InspectingTalk, EndsInOrderForAClientWhoseResponseIsWholeWhateverFollowsIt) {
  for (const char* more : {"GE", "GET /b HTTP/1.1\r\nHo"}) {
    Playbook next = talk(true);
    next.client(kGet).upstream(kOk).client(more).upstream("\r\n");
    EXPECT_EQ(next.sent(Side::client), kOk);
    ASSERT_TRUE(next.said<Close>());
    EXPECT_EQ(next.said<Close>()->client, Ending::in_order) << more;
    EXPECT_EQ(next.said<Close>()->upstream, Ending::reset);
  }
  Playbook early = talk(true);
  early.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789").upstream(std::string(kOk) + "\r\n");
  EXPECT_EQ(early.sent(Side::client), kOk);
  ASSERT_TRUE(early.said<Close>());
  EXPECT_EQ(early.said<Close>()->reason, CloseReason::response_refused);
  EXPECT_EQ(early.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(count("hyalite_refused_responses_total", "unasked_response"), 1u);
}

TEST_F(InspectingTalk, PassesInterimResponsesBeforeTheFinalOne) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  t.upstream(interim);
  EXPECT_EQ(t.sent(Side::client), interim);
  t.client("ab").upstream(kOk);
  EXPECT_EQ(t.sent(Side::client), kOk);
  EXPECT_TRUE(t.going());
}

TEST_F(InspectingTalk, BoundsInterimResponses) {
  settings.limits.interim_responses = 2;
  Playbook t = talk(true);
  t.client(kGet);
  for (int i = 0; i < 3; ++i) t.upstream("HTTP/1.1 102 Processing\r\n\r\n");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(count("hyalite_refused_responses_total", "too_many_interim_responses"), 1u);
}

TEST_F(InspectingTalk, EndsAResponseWithoutLengthWhenTheServerDoes) {
  Playbook t = talk(true);
  t.client(kGet).upstream("HTTP/1.1 200 OK\r\n\r\nas long as it takes");
  EXPECT_TRUE(t.going());
  t.ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
}

TEST_F(InspectingTalk, ShowsATruncatedResponseAsOne) {
  Playbook t = talk(true);
  t.client(kGet).upstream("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf").ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_broke);
  EXPECT_EQ(t.said<Close>()->client, Ending::reset);
}

TEST_F(InspectingTalk, GoesOnRelayingARequestThatWasAnsweredEarly) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789");
  t.upstream(kOk);
  EXPECT_EQ(t.sent(Side::client), kOk);
  EXPECT_TRUE(t.going());
  t.sent(Side::upstream);
  // These are the rest of the request, and no request of their own.
  t.client("GET / HTTP");
  EXPECT_EQ(t.sent(Side::upstream), "GET / HTTP");
  t.client(kGet);
  EXPECT_EQ(t.sent(Side::upstream), kGet);
}

TEST_F(InspectingTalk, ClosesWhenTheServerAnswersEarlyAndCloses) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789");
  t.upstream("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

TEST_F(InspectingTalk, CutsARequestShortVisiblyWhenTheServerAnswersEarlyAndEnds) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789").upstream(kOk).ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

// A reset would take away from the client what it was answered.
TEST_F(InspectingTalk, EndsInOrderForAClientWhoseServerAnswersEarlyAndResets) {
  Playbook t = talk(true);
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789").upstream(kOk).breaks(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_left);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

TEST_F(InspectingTalk, EndsInOrderForAClientWhoseServerResetsWithinTheNextRequest) {
  Playbook t = talk(true);
  t.client(kGet).upstream(kOk).client("GE").breaks(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_left);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
}

TEST_F(InspectingTalk, HandsAnUpgradeOnOnceBothSidesAgree) {
  const std::string ask =
      "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::string yes = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  Playbook t = talk(true);
  t.client(ask + "early").upstream(yes + "frame");
  EXPECT_EQ(t.sent(Side::upstream), ask);
  EXPECT_EQ(t.sent(Side::client), yes);
  ASSERT_TRUE(t.said<Upgraded>());
  EXPECT_EQ(t.unread(Side::client), "early");
  EXPECT_EQ(t.unread(Side::upstream), "frame");
}

TEST_F(InspectingTalk, ReadsOnAsHttpWhenAnUpgradeWasNotTaken) {
  const std::string ask =
      "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  Playbook t = talk(true);
  t.client(ask + kGet).upstream(kOk);
  EXPECT_EQ(t.sent(Side::upstream), ask + kGet);
  EXPECT_TRUE(t.going());
}

TEST_F(InspectingTalk, RefusesTheSwitchToHttp2WithoutTls) {
  Playbook t = talk(true);
  t.client("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  t.upstream("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::protocol_refused);
  EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 502 ");
}

// By default other protocols pass, and HTTP/2 does not: what some read as the one and some as the other is neither.
TEST_F(InspectingTalk, RefusesTheSwitchToHttp2InAListOfWhichTheRestIsNothing) {
  for (const std::string to : {",h2c", "h2c,", "h2c, h2c", "x, h2c"}) {
    SCOPED_TRACE(to);
    Playbook t = talk(true);
    t.client("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c, x\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
    t.upstream("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + to + "\r\n\r\n");
    EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 502 ");
    EXPECT_EQ(count("hyalite_refused_responses_total", "bad_upgrade"), 1u);
    ASSERT_TRUE(t.said<Close>());
    EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
  }
}

TEST_F(InspectingTalk, OpensATunnelAfterAConnectThatSucceeded) {
  Playbook t = talk(true);
  t.client("CONNECT x.example:443 HTTP/1.1\r\nHost: x.example:443\r\n\r\n").upstream("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(t.said<TunnelOpened>());
}

TEST_F(InspectingTalk, TellsTheClientOfADrainingWorkerToComeBackElsewhere) {
  Playbook t = talk(true);
  t.client(kGet).drain().upstream(kOk);
  EXPECT_NE(t.sent(Side::client).find("Connection: close\r\n"), std::string::npos);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
}

TEST_F(InspectingTalk, AnswersASlowHeadWithAPage) {
  Playbook t = talk();
  t.client("GET / HTTP/1.1\r\n");
  EXPECT_EQ(t.stage().deadline(), clock.now() + settings.timeouts.head);
  clock.advance(Seconds{20});
  t.client("A: b\r\n");
  EXPECT_EQ(t.stage().deadline(), clock.now() - Seconds{20} + settings.timeouts.head);
  t.deadline();
  EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 408 ");
}

TEST_F(InspectingTalk, TakesAnEmptyLineBetweenRequestsForNoRequest) {
  for (const bool drip : {false, true}) {
    SCOPED_TRACE(drip);
    Playbook t = talk(true);
    const auto says_nothing = [&] { static_cast<void>(drip ? t.drips(Side::client, "\r\n") : t.client("\r\n")); };
    const Monotonic idle_until = clock.now() + settings.timeouts.keepalive_idle;
    t.client(kGet).upstream(kOk);
    clock.advance(Seconds{20});
    says_nothing();
    EXPECT_EQ(t.unread(Side::client), "");
    EXPECT_EQ(t.stage().deadline(), idle_until);
    EXPECT_EQ(file->exchanges, 1u);
    EXPECT_FALSE(t.stage().awaits_rest(Side::client));
    // It does not begin the next request's time either.
    clock.advance(Seconds{20});
    t.client("GET ");
    EXPECT_EQ(t.stage().deadline(), clock.now() + settings.timeouts.head);
    t.client(std::string_view(kGet).substr(4)).upstream(kOk);
    EXPECT_EQ(t.sent(Side::upstream), std::string(kGet) + kGet);
    EXPECT_EQ(t.sent(Side::client), std::string(kOk) + kOk);
    EXPECT_EQ(file->exchanges, 2u);
    EXPECT_EQ(count("hyalite_exchanges_total", ""), 2u);
    says_nothing();
    t.deadline();
    EXPECT_EQ(t.sent(Side::client), "") << "nobody asked, so nobody is answered";
    ASSERT_TRUE(t.said<Close>());
    EXPECT_EQ(t.said<Close>()->reason, CloseReason::idle_timed_out);
  }
}

TEST_F(InspectingTalk, RefusesASecondEmptyLineHoweverItComes) {
  for (const bool drip : {false, true}) {
    Playbook t = talk(true);
    t.client(kGet).upstream(kOk);
    t.sent(Side::client);
    if (drip) {
      t.drips(Side::client, "\r\n\r\n");
    } else {
      t.client("\r\n").client("\r\n");
    }
    EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 400 ");
    EXPECT_EQ(count("hyalite_refused_requests_total", "empty_line_before_request"), 1u);
  }
  // Each request may have one.
  Playbook t = talk(true);
  for (int i = 0; i < 3; ++i) t.client("\r\n").client(kGet).upstream(kOk);
  EXPECT_TRUE(t.going());
}

TEST_F(InspectingTalk, DoesNotWaitForEverForAServerThatDripsItsHead) {
  settings.timeouts.response_head = Seconds{300};
  settings.timeouts.head = Seconds{30};
  Playbook t = talk(true);
  t.client(kGet);
  EXPECT_EQ(t.stage().deadline(), clock.now() + Seconds{300});
  clock.advance(Seconds{100});
  const Monotonic began = clock.now();
  t.upstream("HTTP/1.1 200 OK\r\n");
  clock.advance(Seconds{20});
  t.upstream("A: b\r\n");
  EXPECT_EQ(t.stage().deadline(), began + Seconds{30});
  t.deadline();
  EXPECT_EQ(t.sent(Side::client).substr(0, 13), "HTTP/1.1 504 ");
  // Each head has its own time.
  Playbook interim = talk(true);
  interim.client(kGet).upstream("HTTP/1.1 103 E").upstream("arly\r\n\r\n");
  EXPECT_EQ(interim.stage().deadline(), clock.now() + Seconds{300});
}

TEST_F(InspectingTalk, MirrorsARefusalAndExplainsATimeout) {
  Playbook refused = talk();
  refused.client(kGet).connect_fails(ConnectFailure::refused);
  ASSERT_TRUE(refused.said<Close>());
  EXPECT_EQ(refused.said<Close>()->client, Ending::reset);
  Playbook late = talk();
  late.client(kGet).connect_fails(ConnectFailure::timed_out);
  EXPECT_EQ(late.sent(Side::client).substr(0, 13), "HTTP/1.1 504 ");
}

TEST_F(InspectingTalk, LimitsHowSlowABodyMayBe) {
  Playbook t = talk(true);
  const Monotonic began = clock.now();
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  clock.advance(Seconds{50});
  t.client("x");
  EXPECT_EQ(t.stage().deadline(), began + settings.timeouts.body_rate_window);
  t.client(std::string(64 * 100, 'x'));
  EXPECT_EQ(t.stage().deadline(), began + Seconds{100});
  t.deadline();
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::body_too_slow);
}

// It is upstream that is slow.
TEST_F(InspectingTalk, AClientThatWaitsForAWordIsNotSlow) {
  const std::string ask = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n";
  Playbook t = talk(true);
  t.client(ask);
  EXPECT_EQ(t.stage().deadline(), clock.now() + settings.timeouts.response_head);
  clock.advance(settings.timeouts.response_head - Seconds{1});
  t.upstream("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(t.stage().deadline(), clock.now() + settings.timeouts.body_rate_window) << "from here on it is the client's turn";
  for (const bool client_goes_on : {true, false}) {
    Playbook late = talk(true);
    late.client(ask);
    clock.advance(Seconds{61});
    if (client_goes_on) {
      late.client("x");
      EXPECT_EQ(late.stage().deadline(), clock.now() + settings.timeouts.body_rate_window) << "it need not wait for ever";
    } else {
      late.upstream("HTTP/1.1 103 Early Hints\r\n\r\n");
      EXPECT_EQ(late.stage().deadline(), clock.now() + settings.timeouts.response_head) << "that was not the word";
      late.upstream("HTTP/1.1 413 Content Too Large\r\nContent-Length: 100\r\n\r\n");
    }
    EXPECT_GE(late.stage().deadline(), clock.now() + Seconds{60});
  }
  Playbook unseen = talk(true);
  unseen.client(ask);
  clock.advance(Seconds{61});
  unseen.passes(Side::client, 10);
  EXPECT_EQ(unseen.stage().deadline(), clock.now() + settings.timeouts.body_rate_window) << "nor when it passes inside the kernel";
  Playbook silent = talk(true);
  silent.client(ask).deadline();
  EXPECT_EQ(silent.sent(Side::client).substr(0, 13), "HTTP/1.1 504 ");
}

TEST_F(InspectingTalk, ABodyDoesNotStandStillWhileSomeOfWhatWaitedLeaves) {
  Playbook t = talk(true);
  t.client(kGet).upstream("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome");
  clock.advance(Seconds{50});
  t.stage().on_sent(Side::client);
  EXPECT_EQ(t.stage().deadline(), clock.now() + settings.timeouts.body_idle);
}

// The average is of what came.
TEST_F(InspectingTalk, ARequestIsNoFasterForWhatLeaves) {
  Playbook t = talk(true);
  const Monotonic began = clock.now();
  t.client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx");
  clock.advance(Seconds{50});
  t.stage().on_sent(Side::upstream);
  EXPECT_EQ(t.stage().deadline(), began + settings.timeouts.body_rate_window);
}

TEST_F(InspectingTalk, AHeadLeavesWithWhatCameOfItsBody) {
  talk();
  Inspecting stage(*needs, *file);
  Effects effects;
  (void)stage.on_start(true, effects);
  const std::string_view post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(stage.on_bytes(Side::client, post, effects).bytes, post.size());
  EXPECT_EQ(effects.to(Side::upstream).size(), 2u);
  effects.clear();
  const std::string_view ok = kOk;
  EXPECT_EQ(stage.on_bytes(Side::upstream, ok, effects).bytes, ok.size());
  EXPECT_EQ(effects.to(Side::client).size(), 2u);
  effects.clear();
}

TEST_F(InspectingTalk, LongBodiesMayPassUnseen) {
  constexpr std::uint64_t kSize = 5 << 20;
  Playbook t = talk(true);
  t.client("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\nbegin");
  EXPECT_EQ(t.stage().passes_unseen(Side::client), kSize - 5);
  EXPECT_EQ(t.stage().passes_unseen(Side::upstream), 0u);
  t.passes(Side::client, kSize - 10);
  EXPECT_EQ(t.stage().passes_unseen(Side::client), 5u);
  t.client("12345");
  EXPECT_EQ(t.stage().passes_unseen(Side::client), 0u);
  t.upstream("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
  EXPECT_TRUE(t.stage().awaits_rest(Side::upstream));
  EXPECT_EQ(t.stage().passes_unseen(Side::upstream), kSize);
  t.passes(Side::upstream, kSize);
  EXPECT_FALSE(t.stage().awaits_rest(Side::upstream));
  // It was the whole exchange: the next one begins.
  t.client(kGet).upstream(kOk);
  EXPECT_TRUE(t.going());
  EXPECT_EQ(count("hyalite_exchanges_total", ""), 2u);
}

TEST_F(InspectingTalk, BodiesThatHaveToBeReadDoNotPassUnseen) {
  Playbook chunked = talk(true);
  chunked.client(kGet).upstream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n");
  EXPECT_EQ(chunked.stage().passes_unseen(Side::upstream), 0u);
  Playbook small = talk(true);
  small.client(kGet).upstream("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLong - 1) + "\r\n\r\nx");
  EXPECT_EQ(small.stage().passes_unseen(Side::upstream), 0u);
  // One that ends with its connection may be short.
  Playbook endless = talk(true);
  endless.client(kGet).upstream("HTTP/1.1 200 OK\r\n\r\nx");
  EXPECT_EQ(endless.stage().passes_unseen(Side::upstream), 0u);
  endless.upstream(std::string(kLong, 'x'));
  EXPECT_EQ(endless.stage().passes_unseen(Side::upstream), UINT64_MAX);
  endless.passes(Side::upstream, 1000).ends(Side::upstream);
  ASSERT_TRUE(endless.said<Close>());
  EXPECT_EQ(endless.said<Close>()->reason, CloseReason::finished);
}

TEST_F(InspectingTalk, LittleIsReadOfABodyThatCouldPassUnseen) {
  Playbook t = talk(true);
  EXPECT_EQ(t.stage().reads_at_once(Side::client), kReadForHead);
  t.client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx");
  EXPECT_EQ(t.stage().reads_at_once(Side::client), SIZE_MAX);
  EXPECT_EQ(t.stage().reads_at_once(Side::upstream), kReadForHead);
  t.upstream("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx");
  EXPECT_EQ(t.stage().reads_at_once(Side::upstream), SIZE_MAX);
  EXPECT_EQ(t.stage().passes_unseen(Side::upstream), 99'999u);
}

TEST_F(InspectingTalk, AHostThatIsNotWhereItGoesIsWorthOneLineAConnection) {
  auto t = talk();
  for (int i = 0; i < 2; ++i) {
    t.client("GET / HTTP/1.1\r\nHost: 203.0.113.99\r\n\r\n");
    if (i == 0) t.connected();
    t.upstream(kOk);
  }
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_NE(logged[0].find("finding=host_differs_from_destination"), std::string::npos) << logged[0];
  EXPECT_EQ(tally->findings, 2u);

  auto old = talk();
  old.client("GET http://203.0.113.99/ HTTP/1.0\r\n\r\n");
  EXPECT_EQ(tally->findings, 1u) << "where there is no Host, the target names it";

  logged.clear();
  settings.policy.host_mismatch = FindingAction::count;
  auto counted = talk();
  counted.client("GET / HTTP/1.1\r\nHost: 203.0.113.99\r\n\r\n");
  EXPECT_TRUE(logged.empty());
}

TEST_F(InspectingTalk, TheMemoryOfAnExchangeServesTheNext) {
  ExchangePool keeping(1);
  talk();
  {
    const InspectingNeeds keep = lent(keeping);
    Playbook t(std::make_unique<Inspecting>(keep, *file), true);
    for (int i = 0; i < 3; ++i) {
      t.client(kGet);
      EXPECT_EQ(keeping.spare(), 0u);
      t.upstream(kOk);
      EXPECT_EQ(keeping.spare(), 1u);
      EXPECT_EQ(t.sent(Side::upstream), kGet);
      EXPECT_EQ(t.sent(Side::client), kOk);
    }
    t.client("GET");  // nothing of the one before is left in it
  }
  EXPECT_EQ(keeping.spare(), 1u);
}

}  // namespace
}  // namespace hyalite

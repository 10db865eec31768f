// Plugins that answer in a stream: framing, back-pressure, and that its end is told exactly once.
// SPDX-License-Identifier: MIT
#include "tests/flow/plugin_talk.h"

namespace hyalite {
namespace {

const hyalite_host_channel* channel_host;

struct StreamAnswerTalk : Set, ::testing::Test {
  StreamAnswerTalk() {
    script.create = [](const hyalite_host* given) -> hyalite_status {
      channel_host = static_cast<const hyalite_host_channel*>(given->get_interface(given, HYALITE_HOST_CHANNEL_ID));
      return fetch_tables(given);
    };
    script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) { return begin(x); };
    script.exchange_end = [this](hyalite_exchange*, const hyalite_exchange_summary* s) { summary = *s; };
  }
  hyalite_verdict begin(hyalite_exchange* x) {
    hyalite_response head{};
    head.size = sizeof head;
    head.status = 200;
    head.body = bytes("begin");
    EXPECT_EQ(channel_host->respond_stream(x, &head, &told, this, &channel), HYALITE_OK);
    return HYALITE_FINAL;
  }
  static void told(void*, hyalite_ref ref, void* user, const hyalite_channel_event* event) {
    auto& self = *static_cast<StreamAnswerTalk*>(user);
    EXPECT_EQ(ref, self.channel);
    self.events += event->kind == HYALITE_CHANNEL_ROOM ? "room " : "over:" + std::to_string(event->status) + " ";
  }
  hyalite_status write(std::string_view text, bool last = false) {
    return channel_host->write(host, channel, bytes(text), last ? 1 : 0);
  }
  // The head, which is the same for all.
  static std::string head(std::string_view framing) {
    return "HTTP/1.1 200 OK\r\n" + std::string(framing) + "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
  }

  hyalite_ref channel = 0;
  std::string events;
  hyalite_exchange_summary summary{};
};

constexpr char kAsk[] = "GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n";

TEST_F(StreamAnswerTalk, GoesOnForAClientThatOnlyEndedItsSide) {
  Playbook t = talk();
  t.client(kAsk).ends(Side::client);
  EXPECT_TRUE(t.going());
  EXPECT_FALSE(deliver(t));
  EXPECT_EQ(write(", and on", true), HYALITE_OK);
  EXPECT_TRUE(deliver(t));
  EXPECT_EQ(t.sent(Side::client), head("Transfer-Encoding: chunked\r\n") + "5\r\nbegin\r\n8\r\n, and on\r\n0\r\n\r\n");
}

TEST_F(StreamAnswerTalk, IsSentInChunksAsItIsWritten) {
  Playbook t = talk();
  t.client(kAsk);
  EXPECT_EQ(t.sent(Side::client), head("Transfer-Encoding: chunked\r\n") + "5\r\nbegin\r\n");
  EXPECT_FALSE(t.connecting());
  EXPECT_FALSE(deliver(t));
  EXPECT_EQ(events, "room ");
  EXPECT_EQ(write(", and on"), HYALITE_OK);
  EXPECT_TRUE(deliver(t));
  EXPECT_EQ(t.sent(Side::client), "8\r\n, and on\r\n");
  EXPECT_EQ(write("", true), HYALITE_OK);
  EXPECT_EQ(write("x"), HYALITE_E_LATE);
  EXPECT_TRUE(deliver(t));
  EXPECT_EQ(t.sent(Side::client), "0\r\n\r\n");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::blocked);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  deliver(t);
  EXPECT_EQ(events, "room over:0 ");
  EXPECT_EQ(write("x"), HYALITE_E_STALE);
  EXPECT_EQ(summary.status, 200u);
  EXPECT_EQ(summary.response_content, 13u);
  EXPECT_EQ(summary.end, static_cast<std::uint32_t>(HYALITE_END_BLOCKED));
}

TEST_F(StreamAnswerTalk, AnHttp10ClientGetsItToTheEndOfTheConnectionAndAHeadNothing) {
  Playbook t = talk();
  t.client("GET /x HTTP/1.0\r\nHost: h.example\r\n\r\n");
  write("!", true);
  deliver(t);
  EXPECT_EQ(t.sent(Side::client), head("") + "begin!");
  EXPECT_TRUE(t.said<Close>());
}

TEST_F(StreamAnswerTalk, ToAHeadOnlyTheHeadIsSent) {
  Playbook t = talk();
  t.client("HEAD /x HTTP/1.1\r\nHost: h.example\r\n\r\n");
  write("!", true);
  deliver(t);
  EXPECT_EQ(t.sent(Side::client), head("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(t.said<Close>());
}

TEST_F(StreamAnswerTalk, TheClientsPaceIsThePlugins) {
  Playbook t = talk();
  t.client_takes(false).client(kAsk);
  deliver(t);
  events.clear();
  const std::string much(64 << 10, 'm');
  int written = 0;
  while (write(much) == HYALITE_OK) ++written;
  EXPECT_EQ(written, 3) << "256 KiB are held, five bytes of which were there before";
  EXPECT_EQ(write(much), HYALITE_E_LIMIT);
  deliver(t);
  EXPECT_EQ(events, "");
  EXPECT_EQ(t.sent(Side::client), head("Transfer-Encoding: chunked\r\n")) << "nothing that it would not take";
  t.client_takes(true);
  EXPECT_GT(t.sent(Side::client).size(), 3 * much.size());
  deliver(t);
  EXPECT_EQ(events, "room ") << "once, however often it was refused";
  EXPECT_EQ(write(much), HYALITE_OK);
}

TEST_F(StreamAnswerTalk, WhatTheClientStillSendsIsThrownAwayAndReachesNobody) {
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\nban").client("ana").client(kAsk);
  EXPECT_EQ(t.unread(Side::client), "");
  EXPECT_EQ(t.sent(Side::upstream), "");
  EXPECT_TRUE(t.going());
}

// A server must not take the part that it has for a whole request.
TEST_F(StreamAnswerTalk, AmidAnUploadUpstreamIsReset) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM));
  script.request_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
    return view->offset == 3 ? begin(x) : hyalite_verdict{HYALITE_CONTINUE};
  };
  Playbook t = talk();
  t.client("POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 6\r\n\r\n").connected().client("ban").client("ana");
  EXPECT_NE(t.sent(Side::upstream).find("ban"), std::string::npos);
  EXPECT_EQ(t.disconnected(), Ending::reset);
}

TEST_F(StreamAnswerTalk, InPlaceOfUpstreamsAnswerWhateverFollowsThat) {
  script.request_head = nullptr;
  script.response_head = [this](hyalite_exchange* x, const hyalite_headers*) { return begin(x); };
  Playbook t = talk();
  t.client(kAsk).connected().upstream("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  write("!", true);
  deliver(t);
  EXPECT_EQ(t.sent(Side::client), head("Transfer-Encoding: chunked\r\n") + "5\r\nbegin\r\n1\r\n!\r\n0\r\n\r\n");
}

TEST_F(StreamAnswerTalk, ACancelledOneIsSeenToBeCutShort) {
  Playbook t = talk();
  t.client(kAsk);
  EXPECT_EQ(async->cancel(host, channel), HYALITE_OK);
  EXPECT_EQ(async->cancel(host, channel), HYALITE_E_STALE);
  EXPECT_EQ(write("x"), HYALITE_E_STALE);
  EXPECT_TRUE(deliver(t));
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->client, Ending::reset);
  deliver(t);
  EXPECT_EQ(events, "room over:-11 ");
}

TEST_F(StreamAnswerTalk, ACancelledOneWhoseExchangeEndsWakesNobody) {
  Playbook t = talk();
  t.client(kAsk);
  EXPECT_EQ(async->cancel(host, channel), HYALITE_OK);
  t.breaks(Side::client);
  ASSERT_TRUE(t.said<Close>());
  t.stage().on_closing(t.said<Close>()->reason);
  EXPECT_FALSE(deliver(t)) << "the flow may be gone by now";
  EXPECT_EQ(events, "room over:-11 ");
}

TEST_F(StreamAnswerTalk, ItsEndIsToldWhenTheClientGoes) {
  Playbook t = talk();
  t.client(kAsk).breaks(Side::client);
  ASSERT_TRUE(t.said<Close>());
  t.stage().on_closing(t.said<Close>()->reason);
  deliver(t);
  deliver(t);
  EXPECT_EQ(events, "room over:-12 ");
  EXPECT_EQ(write("x"), HYALITE_E_STALE);
}

TEST_F(StreamAnswerTalk, ItsEndIsToldWhenNothingMovesForTooLong) {
  Playbook t = talk();
  t.client(kAsk);
  EXPECT_EQ(*t.stage().deadline(), clock.now() + settings.timeouts.body_idle);
  clock.advance(Seconds{50});
  t.stage().on_sent(Side::client);
  EXPECT_EQ(*t.stage().deadline(), clock.now() + settings.timeouts.body_idle) << "some of it had waited";
  t.deadline();
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::body_too_slow);
  t.stage().on_closing(CloseReason::body_too_slow);
  deliver(t);
  EXPECT_EQ(events, "room over:-10 ");
}

TEST_F(StreamAnswerTalk, ItsEndIsToldWhenThePluginDoesNotStandByIt) {
  script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) {
    begin(x);
    return hyalite_verdict{HYALITE_CONTINUE};  // a misuse: a decision without FINAL
  };
  {
    Playbook t = talk();
    t.client(kAsk).connected().upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    deliver(t);
  }
  EXPECT_EQ(events, "over:-12 ");
}

TEST_F(StreamAnswerTalk, ItsEndIsToldWhenTheWorkerStops) {
  Playbook t = talk();
  t.client(kAsk);
  chain->stop();
  EXPECT_EQ(events, "room over:-13 ");
}

}  // namespace
}  // namespace hyalite

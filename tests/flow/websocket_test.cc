// Plugins that look at the messages of a WebSocket: from the handshake to the Close.
// SPDX-License-Identifier: MIT
#include "flow/websocket_filter.h"

#include <map>

#include "flow/filter_pair.h"
#include "tests/flow/plugin_talk.h"
#include "websocket/frame_reader.h"

namespace hyalite {
namespace {

const hyalite_host_ws* ws;
const hyalite_host_flow* flow_host;

constexpr char kAsk[] =
    "GET /chat HTTP/1.1\r\nHost: h.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
constexpr char kSwitched[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string from_client(Opcode opcode, std::string_view payload, bool final = true) {
  return written(FrameHead{opcode, final, payload.size(), FrameMask{'\x01', '\x02', '\x03', '\x04'}}, payload);
}
std::string from_server(Opcode opcode, std::string_view payload, bool final = true) {
  return written(FrameHead{opcode, final, payload.size(), std::nullopt}, payload);
}
std::string close_frame(unsigned code, std::string_view reason) { return from_server(Opcode::close, close_payload(code, reason)); }

// Frames as text, masks undone: "text:hi. +more ping:x close:1000 "
std::string told(std::string_view bytes, FrameReader::From from) {
  FrameReader reader(from);
  std::string out;
  for (Bytes in = bytes;;) {
    const FramePiece piece = reader.next(in);
    switch (piece.kind) {
      case FramePiece::Kind::need_more: return out;
      case FramePiece::Kind::refused: return out + "refused:" + std::string(name_of(piece.refusal));
      case FramePiece::Kind::head: {
        static const std::map<Opcode, std::string> kNames = {{Opcode::continuation, "+"}, {Opcode::text, "text:"}, {Opcode::binary, "binary:"},
                                                             {Opcode::close, "close:"},   {Opcode::ping, "ping:"}, {Opcode::pong, "pong:"}};
        out += kNames.at(reader.frame().opcode);
        break;
      }
      case FramePiece::Kind::payload: out += piece.clear; break;
      case FramePiece::Kind::end: out += reader.frame().final ? ". " : " ";
    }
  }
}

struct WebSocketTalk : Set, ::testing::Test {
  WebSocketTalk() {
    script.create = [](const hyalite_host* given) -> hyalite_status {
      ws = static_cast<const hyalite_host_ws*>(given->get_interface(given, HYALITE_HOST_WS_ID));
      flow_host = static_cast<const hyalite_host_flow*>(given->get_interface(given, HYALITE_HOST_FLOW_ID));
      return fetch_tables(given);
    };
    script.request_head = [this](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
      for (const hyalite_direction direction : {HYALITE_REQUEST, HYALITE_RESPONSE}) {
        const hyalite_ws_options options{sizeof options, mode, overflow, 0, cap};
        EXPECT_EQ(ws->interest(x, direction, &options), HYALITE_OK);
      }
      return HYALITE_CONTINUE;
    };
    script.ws_message = [this](hyalite_flow* f, hyalite_direction direction, const hyalite_ws_message* m) {
      seen += (direction == HYALITE_REQUEST ? "> " : "< ") + std::to_string(m->opcode) + " " + std::string(view(m->payload)) +
              ((m->flags & HYALITE_WS_TRUNCATED) != 0 ? "..." : "") + ((m->flags & HYALITE_WS_FINAL) != 0 ? "\n" : " (more)\n");
      return act ? act(f, direction, m) : hyalite_verdict{HYALITE_CONTINUE};
    };
  }
  static std::string_view view(hyalite_bytes b) { return {b.data, b.size}; }

  // The handshake, through the stage for HTTP, and then the tunnel, as the route makes it.
  Playbook upgraded() {
    {
      Playbook http = talk();
      http.client(kAsk).connected().upstream(kSwitched);
      EXPECT_TRUE(http.said<Upgraded>());
      asked_upstream = http.sent(Side::upstream);
    }
    file.emplace(some_flow(), 0, ArrivalMode::transparent);
    file->subject.message_interests = std::move(http_file->subject.message_interests);
    file->subject.waker = &woken;
    chain->flow_open(file->subject);
    return Playbook(std::make_unique<Tunnelling>(Uninspected::upgrade, Seconds{60}, clock, std::make_unique<WebSocketFilter>(*chain, *file, *tally)),
                    true);
  }
  // The same, with the raw bytes' plugins in front.
  Playbook paired() {
    upgraded();
    auto pair = std::make_unique<FilterPair>(*file, std::make_unique<StreamFilter>(*chain, *file, *tally),
                                             std::make_unique<WebSocketFilter>(*chain, *file, *tally));
    return Playbook(std::make_unique<Tunnelling>(Uninspected::upgrade, Seconds{60}, clock, std::move(pair)), true);
  }
  ~WebSocketTalk() override {
    if (file) chain->flow_close(file->subject, {});
  }
  std::uint64_t refused(FrameRefusal why) { return MetricRow(cells.data(), layout).cell(places->refused_frames)[static_cast<std::size_t>(why)]; }

  std::uint32_t mode = HYALITE_WS_MESSAGES, overflow = HYALITE_WS_OVERFLOW_REJECT;
  std::uint64_t cap = 0;
  std::function<hyalite_verdict(hyalite_flow*, hyalite_direction, const hyalite_ws_message*)> act;
  std::string seen, asked_upstream;
  std::optional<FlowFile> file;
};

TEST_F(WebSocketTalk, OffersOfExtensionsDoNotReachTheServerWhereAPluginWantsMessages) {
  upgraded();
  EXPECT_EQ(asked_upstream.find("permessage-deflate"), std::string::npos);
  EXPECT_NE(asked_upstream.find("Sec-WebSocket-Version: 13"), std::string::npos);
}

// Servers differ in which versions they take for 13, and the frames are the same.
TEST_F(WebSocketTalk, TheVersionThatAClientNamesHidesNothing) {
  talk();
  for (const char* version : {"8", "13.0", "8, 13"}) {
    std::string ask = kAsk;
    ask.replace(ask.find(": 13") + 2, 2, version);
    http_file->subject.message_interests = {};
    Playbook t(std::make_unique<Inspecting>(*needs, *http_file));
    t.client(ask).connected().upstream(kSwitched);
    EXPECT_TRUE(t.said<Upgraded>());
    EXPECT_TRUE(http_file->subject.wants_messages()) << version;
  }
}

TEST_F(WebSocketTalk, WithoutSuchAPluginTheHandshakeIsLeftAlone) {
  script.request_head = nullptr;
  upgraded();
  EXPECT_EQ(asked_upstream, kAsk);
}

TEST_F(WebSocketTalk, AServerThatAgreesOnWhatItWasNotOfferedIsRefused) {
  Playbook t = talk();
  t.client(kAsk).connected();
  std::string answer = kSwitched;
  answer.insert(answer.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  t.upstream(answer);
  EXPECT_EQ(t.sent(Side::client).substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(MetricRow(cells.data(), layout).cell(places->refused_responses)[static_cast<std::size_t>(Refusal::unasked_extension)], 1u);
}

// Clients that read a list take these for WebSocket, and the message plugins would see nothing of it.
TEST_F(WebSocketTalk, AServerThatNamesMoreThanWebSocketIsRefused) {
  talk();
  std::uint64_t times = 0;
  for (const char* named : {"websocket,", ",websocket", "websocket, websocket"}) {
    SCOPED_TRACE(named);
    Playbook one(std::make_unique<Inspecting>(*needs, *http_file));
    one.client(kAsk).connected();
    std::string answer = kSwitched;
    answer.replace(answer.find("websocket"), 9, named);
    one.upstream(answer);
    EXPECT_FALSE(one.said<Upgraded>());
    EXPECT_EQ(one.sent(Side::client).substr(0, 12), "HTTP/1.1 502");
    EXPECT_EQ(MetricRow(cells.data(), layout).cell(places->refused_responses)[static_cast<std::size_t>(Refusal::bad_upgrade)], ++times);
  }
}

TEST_F(WebSocketTalk, WhoAsksTooLateIsToldSo) {
  script.request_head = nullptr;
  script.tunnel_open = [](hyalite_exchange* x, std::uint32_t) -> hyalite_verdict {
    const hyalite_ws_options options{sizeof options, HYALITE_WS_TAP, 0, 0, 0};
    EXPECT_EQ(ws->interest(x, HYALITE_REQUEST, &options), HYALITE_E_LATE);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kAsk).connected();
  std::string answer = kSwitched;
  answer.insert(answer.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  t.upstream(answer);
  EXPECT_TRUE(t.said<Upgraded>());
  EXPECT_FALSE(http_file->subject.wants_messages());
}

TEST_F(WebSocketTalk, WhatIsNoUpgradeHasNoMessages) {
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    const hyalite_ws_options options{sizeof options, HYALITE_WS_TAP, 0, 0, 0};
    EXPECT_EQ(ws->interest(x, HYALITE_REQUEST, &options), HYALITE_E_MISSING);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client("GET / HTTP/1.1\r\nHost: h.example\r\n\r\n");
}

const std::string kTalk = from_client(Opcode::text, "one") + from_client(Opcode::binary, "t", false) + from_client(Opcode::ping, "?") +
                          from_client(Opcode::continuation, "wo") + from_client(Opcode::text, "") + from_client(Opcode::close, close_payload(1000, "bye"));

// However the bytes are cut, all modes pass what came, but that Pings may overtake what is held.
TEST_F(WebSocketTalk, PassesByteForByteWhatNobodyEditsInEverySplitting) {
  Playbook first = upgraded();
  const std::string overtaken = from_client(Opcode::text, "one") + from_client(Opcode::ping, "?") + from_client(Opcode::binary, "t", false) +
                                from_client(Opcode::continuation, "wo") + from_client(Opcode::text, "") +
                                from_client(Opcode::close, close_payload(1000, "bye"));
  for (const std::uint32_t how : {HYALITE_WS_FRAMES, HYALITE_WS_TAP, HYALITE_WS_MESSAGES}) {
    file->subject.message_interests.of(Direction::request, 0).mode = how;
    std::string whole;
    for (std::size_t cut = 0; cut < kTalk.size(); ++cut) {
      Playbook t(std::make_unique<Tunnelling>(Uninspected::upgrade, Seconds{60}, clock, std::make_unique<WebSocketFilter>(*chain, *file, *tally)), true);
      seen.clear();
      if (cut == 0)
        t.drips(Side::client, kTalk);
      else
        t.client(std::string_view(kTalk).substr(0, cut)).client(std::string_view(kTalk).substr(cut));
      EXPECT_EQ(t.sent(Side::upstream), how == HYALITE_WS_MESSAGES ? overtaken : kTalk) << how << " cut at " << cut;
      if (whole.empty()) whole = seen;
      EXPECT_EQ(seen, whole);
      EXPECT_TRUE(t.going());
    }
    const std::string two = how == HYALITE_WS_FRAMES ? "> 2 t (more)\n> 9 ?\n> 0 wo\n" : "> 9 ?\n> 2 two\n";
    EXPECT_EQ(whole, "> 1 one\n" + two + "> 1 \n> 8 bye\n");
  }
}

TEST_F(WebSocketTalk, EditsMessagesBothWays) {
  act = [](hyalite_flow* f, hyalite_direction, const hyalite_ws_message* m) -> hyalite_verdict {
    if (view(m->payload) == "gone") return ws->drop(f) == HYALITE_OK ? HYALITE_CONTINUE : HYALITE_ERROR;
    if (view(m->payload) == "secret") return ws->replace(f, bytes("******")) == HYALITE_OK ? HYALITE_CONTINUE : HYALITE_ERROR;
    return HYALITE_CONTINUE;
  };
  Playbook t = upgraded();
  t.client(from_client(Opcode::text, "sec", false) + from_client(Opcode::continuation, "ret") + from_client(Opcode::text, "gone") +
           from_client(Opcode::text, "stays"));
  EXPECT_EQ(told(t.sent(Side::upstream), FrameReader::From::client), "text:******. text:stays. ");
  t.upstream(from_server(Opcode::text, "secret") + from_server(Opcode::text, "stays"));
  EXPECT_EQ(t.sent(Side::client), from_server(Opcode::text, "******") + from_server(Opcode::text, "stays"));
}

TEST_F(WebSocketTalk, RefusesEditsThatWouldBreakTheRules) {
  act = [](hyalite_flow* f, hyalite_direction, const hyalite_ws_message* m) -> hyalite_verdict {
    if (m->opcode == HYALITE_WS_CLOSE) {
      EXPECT_EQ(m->close_code, 1000u);
      EXPECT_EQ(ws->drop(f), HYALITE_E_FORBIDDEN);
      EXPECT_EQ(ws->replace(f, bytes("x")), HYALITE_E_FORBIDDEN);
    } else if (m->opcode == HYALITE_WS_PING) {
      EXPECT_EQ(ws->replace(f, bytes(std::string(126, 'x'))), HYALITE_E_INVALID);
    } else {
      EXPECT_EQ(ws->replace(f, bytes("\xff")), HYALITE_E_INVALID);
      EXPECT_EQ(ws->inject(f, HYALITE_REQUEST, HYALITE_WS_CLOSE, bytes("")), HYALITE_E_FORBIDDEN);
      EXPECT_EQ(ws->inject(f, HYALITE_REQUEST, HYALITE_WS_CONTINUATION, bytes("")), HYALITE_E_INVALID);
      EXPECT_EQ(ws->close(f, 1005, bytes("")), HYALITE_E_INVALID);
      EXPECT_EQ(ws->replace(f, bytes(std::string((1u << 20) + 1, 'x'))), HYALITE_E_LIMIT);
    }
    return HYALITE_CONTINUE;
  };
  Playbook t = upgraded();
  const std::string all = from_client(Opcode::text, "a") + from_client(Opcode::ping, "") + from_client(Opcode::close, close_payload(1000, ""));
  t.client(all);
  EXPECT_EQ(t.sent(Side::upstream), all);
}

TEST_F(WebSocketTalk, InjectsBeforeAMessageAndIntoTheOtherDirectionBetweenMessages) {
  act = [](hyalite_flow* f, hyalite_direction direction, const hyalite_ws_message*) -> hyalite_verdict {
    if (direction != HYALITE_REQUEST) return HYALITE_CONTINUE;
    EXPECT_EQ(ws->inject(f, HYALITE_REQUEST, HYALITE_WS_TEXT, bytes("before")), HYALITE_OK);
    EXPECT_EQ(ws->inject(f, HYALITE_RESPONSE, HYALITE_WS_TEXT, bytes("back")), HYALITE_OK);
    EXPECT_EQ(ws->inject(f, HYALITE_RESPONSE, HYALITE_WS_PING, bytes("now")), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  Playbook t = upgraded();
  file->subject.message_interests.of(Direction::response, 0).mode = HYALITE_WS_NONE;  // so nothing is held there
  t.upstream(from_server(Opcode::text, "half", false));
  t.client(from_client(Opcode::text, "x"));
  EXPECT_EQ(told(t.sent(Side::upstream), FrameReader::From::client), "text:before. text:x. ");
  EXPECT_EQ(t.sent(Side::client), from_server(Opcode::text, "half", false));
  t.upstream(from_server(Opcode::continuation, "whole"));
  EXPECT_EQ(told(from_server(Opcode::text, "", false) + t.sent(Side::client), FrameReader::From::server), "text: +whole. text:back. ping:now. ");
  t.client(from_client(Opcode::text, "y"));
  EXPECT_EQ(told(t.sent(Side::client), FrameReader::From::server), "text:back. ping:now. ");
}

TEST_F(WebSocketTalk, ClosesBothSidesWhenToldTo) {
  act = [](hyalite_flow* f, hyalite_direction, const hyalite_ws_message* m) -> hyalite_verdict {
    if (view(m->payload) != "bad") return HYALITE_CONTINUE;
    EXPECT_EQ(ws->close(f, 1008, bytes("policy")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = upgraded();
  t.client(from_client(Opcode::text, "good") + from_client(Opcode::text, "bad"));
  EXPECT_EQ(t.sent(Side::client), close_frame(1008, "policy"));
  EXPECT_EQ(told(t.sent(Side::upstream), FrameReader::From::client), "text:good. close:\x03\xf0policy. ");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::blocked);
  EXPECT_EQ(t.said<Close>()->client, Ending::in_order);
  EXPECT_EQ(file->subject.decision().reason, "policy");
}

TEST_F(WebSocketTalk, WhatBreaksTheRulesEndsTheTunnelAndIsCounted) {
  Playbook t = upgraded();
  t.client(from_client(Opcode::text, "good") + from_server(Opcode::text, "no mask"));
  EXPECT_EQ(t.sent(Side::client), close_frame(1002, "unmasked"));
  EXPECT_EQ(told(t.sent(Side::upstream), FrameReader::From::client), "text:good. close:\x03\xe9. ");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::client_frames_refused);
  EXPECT_EQ(refused(FrameRefusal::unmasked), 1u);
}

TEST_F(WebSocketTalk, HalfAFrameThatTurnsOutWrongIsCutOffByAReset) {
  mode = HYALITE_WS_TAP;
  Playbook t = upgraded();
  t.upstream(std::string_view(from_server(Opcode::text, "good, and then \xff not")).substr(0, 12));
  t.upstream("\xff");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_frames_refused);
  EXPECT_EQ(t.said<Close>()->client, Ending::reset) << "the client has half of it";
  EXPECT_EQ(t.said<Close>()->upstream, Ending::in_order);
  EXPECT_EQ(refused(FrameRefusal::not_utf8), 1u);
}

TEST_F(WebSocketTalk, AMessageBeyondTheCapEndsTheTunnelOrPassesUnseen) {
  cap = 4;
  {
    Playbook t = upgraded();
    t.client(from_client(Opcode::text, "1234") + from_client(Opcode::text, "12", false) + from_client(Opcode::continuation, "345"));
    EXPECT_EQ(told(t.sent(Side::upstream), FrameReader::From::client), "text:1234. close:\x03\xe9. ");
    EXPECT_EQ(t.sent(Side::client), close_frame(1009, "message_too_large"));
    EXPECT_EQ(refused(FrameRefusal::message_too_large), 1u);
  }
  file->subject.message_interests.of(Direction::request, 0).overflow = HYALITE_WS_OVERFLOW_SKIP;
  Playbook t(std::make_unique<Tunnelling>(Uninspected::upgrade, Seconds{60}, clock, std::make_unique<WebSocketFilter>(*chain, *file, *tally)), true);
  seen.clear();
  const std::string all = from_client(Opcode::text, "12", false) + from_client(Opcode::continuation, "345", false) +
                          from_client(Opcode::continuation, "6") + from_client(Opcode::text, "7");
  t.drips(Side::client, all);
  EXPECT_EQ(t.sent(Side::upstream), all);
  EXPECT_EQ(seen, "> 1 7\n");
  EXPECT_EQ(scripted.count("hyalite_plugin_overflows_total", "p0"), 2u);
}

TEST_F(WebSocketTalk, WhoTapsIsShownTheBeginningOfWhatIsLarge) {
  mode = HYALITE_WS_TAP;
  cap = 4;
  Playbook t = upgraded();
  const std::string all = from_server(Opcode::text, "12", false) + from_server(Opcode::continuation, "3456");
  t.drips(Side::upstream, all);
  EXPECT_EQ(t.sent(Side::client), all);
  EXPECT_EQ(seen, "< 1 1234...\n");
}

TEST_F(WebSocketTalk, AMessageWaitsForItsPluginAndThenGoesOn) {
  hyalite_ref ref = 0;
  act = [&](hyalite_flow* f, hyalite_direction direction, const hyalite_ws_message*) -> hyalite_verdict {
    if (direction == HYALITE_RESPONSE) return HYALITE_CONTINUE;
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(ws->replace(f, bytes("undone by the pause")), HYALITE_OK);
    EXPECT_EQ(async->pause_flow(f, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  };
  script.resume_flow = [](hyalite_flow* f, const hyalite_resumption* r) -> hyalite_verdict {
    EXPECT_EQ(r->hook, static_cast<std::uint32_t>(HYALITE_HOOK_WS_MESSAGE));
    return view(static_cast<const hyalite_ws_message*>(r->subject)->payload) != "b" || ws->replace(f, bytes("B")) == HYALITE_OK ? HYALITE_CONTINUE : HYALITE_ERROR;
  };
  const std::string all = from_client(Opcode::text, "a") + from_client(Opcode::text, "b") + from_client(Opcode::ping, "c");
  for (std::size_t cut = 0; cut < all.size(); ++cut) {
    if (file) chain->flow_close(file->subject, {}), file.reset();
    if (!chain) (void)upgraded();
    file.emplace(some_flow(), 0, ArrivalMode::transparent);
    file->subject.message_interests.make(1);
    for (const Direction d : {Direction::request, Direction::response}) file->subject.message_interests.of(d, 0) = {HYALITE_WS_MESSAGES, 0, 100};
    file->subject.waker = &woken;
    chain->flow_open(file->subject);
    Playbook t(std::make_unique<Tunnelling>(Uninspected::upgrade, Seconds{60}, clock, std::make_unique<WebSocketFilter>(*chain, *file, *tally)), true);
    t.client(std::string_view(all).substr(0, cut)).client(std::string_view(all).substr(cut));
    EXPECT_EQ(t.sent(Side::upstream), "");
    EXPECT_FALSE(t.stage().wants(Side::client));
    t.upstream(from_server(Opcode::text, "meanwhile"));
    EXPECT_EQ(t.sent(Side::client), from_server(Opcode::text, "meanwhile"));
    std::string out;
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(async->resume(host, ref), HYALITE_OK);
      ASSERT_TRUE(deliver(t));
      out += t.sent(Side::upstream);
    }
    EXPECT_EQ(told(out, FrameReader::From::client), "text:a. text:B. ping:c. ") << "cut at " << cut;
  }
}

TEST_F(WebSocketTalk, LosesNothingThatWasHeldWhenAPluginHasSeenEnough) {
  act = [](hyalite_flow* f, hyalite_direction, const hyalite_ws_message*) -> hyalite_verdict {
    EXPECT_EQ(flow_host->pass_through(f, bytes("seen")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = upgraded();
  const std::string half = from_server(Opcode::text, "half", false), rest = "no frame at all, and nobody looks";
  t.upstream(half).client(from_client(Opcode::text, "enough") + "\x81");
  EXPECT_EQ(t.sent(Side::client), half);
  EXPECT_EQ(t.sent(Side::upstream), from_client(Opcode::text, "enough") + "\x81");
  EXPECT_EQ(file->uninspected, Uninspected::plugin);
  t.client(rest);
  EXPECT_EQ(t.sent(Side::upstream), rest);
}

TEST_F(WebSocketTalk, LosesNoFrameOfAMessageWhenAPluginBehindHasSeenEnough) {
  Script front;
  front.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    const hyalite_ws_options options{sizeof options, HYALITE_WS_MESSAGES, HYALITE_WS_OVERFLOW_REJECT, 0, 0};
    EXPECT_EQ(ws->interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  front.ws_message = [](hyalite_flow*, hyalite_direction, const hyalite_ws_message*) -> hyalite_verdict { return HYALITE_CONTINUE; };
  scripted.add(std::move(front));
  mode = HYALITE_WS_FRAMES;
  act = [](hyalite_flow* f, hyalite_direction, const hyalite_ws_message*) -> hyalite_verdict {
    EXPECT_EQ(flow_host->pass_through(f, bytes("seen")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = upgraded();
  const std::string all = from_client(Opcode::text, "a", false) + from_client(Opcode::continuation, "b", false) +
                          from_client(Opcode::continuation, "c") + from_client(Opcode::text, "d");
  t.client(all);
  EXPECT_EQ(t.sent(Side::upstream), all);
  EXPECT_EQ(seen, "> 1 a (more)\n");
}

TEST_F(WebSocketTalk, InjectionsThatWaitAreBoundedInEitherDirection) {
  mode = HYALITE_WS_TAP;
  hyalite_direction to = HYALITE_RESPONSE;
  std::vector<hyalite_status> said;
  act = [&](hyalite_flow* f, hyalite_direction, const hyalite_ws_message* m) -> hyalite_verdict {
    if (m->opcode == HYALITE_WS_PING) said.push_back(ws->inject(f, to, HYALITE_WS_TEXT, bytes(std::string(600'000, 'x'))));
    return HYALITE_CONTINUE;
  };
  const std::vector<hyalite_status> once{HYALITE_OK, HYALITE_E_LIMIT};
  const std::string pings = from_client(Opcode::ping, "") + from_client(Opcode::ping, "");
  Playbook t = upgraded();
  t.upstream(from_server(Opcode::text, "half", false)).client(pings);
  EXPECT_EQ(std::exchange(said, {}), once);
  (void)t.sent(Side::client);
  t.upstream(from_server(Opcode::continuation, "whole"));
  EXPECT_GT(t.sent(Side::client).size(), 600'000u);
  to = HYALITE_REQUEST;
  t.client(from_client(Opcode::text, "half", false) + pings);
  EXPECT_EQ(said, once);
  (void)t.sent(Side::upstream);
  t.client(from_client(Opcode::continuation, "whole"));
  EXPECT_GT(t.sent(Side::upstream).size(), 600'000u);
}

TEST_F(WebSocketTalk, WhoIsLeftOutHoldsNothingBack) {
  act = [](hyalite_flow*, hyalite_direction, const hyalite_ws_message* m) -> hyalite_verdict {
    return m->opcode == HYALITE_WS_PING ? HYALITE_ERROR : HYALITE_CONTINUE;
  };
  Playbook t = upgraded();
  const std::string all = from_client(Opcode::ping, "") + from_client(Opcode::text, "half", false) + from_client(Opcode::continuation, "whole");
  t.client(from_client(Opcode::text, "half", false) + from_client(Opcode::ping, "") + from_client(Opcode::continuation, "whole"));
  EXPECT_EQ(t.sent(Side::upstream), all);
  EXPECT_EQ(seen, "> 9 \n");
}

TEST_F(WebSocketTalk, AnEndInsideOfWhatIsHeldIsNotTakenForWhole) {
  Playbook t = upgraded();
  t.client(from_client(Opcode::text, "half", false)).ends(Side::client);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::client_broke);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

TEST_F(WebSocketTalk, AnEndBetweenMessagesIsPassedOn) {
  Playbook t = upgraded();
  t.client(from_client(Opcode::text, "whole")).ends(Side::client);
  EXPECT_TRUE(t.ended(Side::upstream));
  EXPECT_TRUE(t.going());
}

// It keeps the second frame, and at the end it lets that wait.
struct RawPause : WebSocketTalk {
  RawPause() {
    script.flow_open = [](hyalite_flow* f, void*) -> hyalite_verdict {
      const auto options = wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 0, HYALITE_OVERFLOW_DEGRADE, 64);
      flow_host->stream_interest(f, HYALITE_REQUEST, &options);
      return HYALITE_CONTINUE;
    };
    script.data = [this](hyalite_flow* f, hyalite_direction, hyalite_window* w, const hyalite_window_view* v) -> hyalite_verdict {
      if ((v->flags & HYALITE_WINDOW_END) != 0) return pause(f);
      if (v->length == second.size()) body->keep(w, v->length);
      return HYALITE_CONTINUE;
    };
    script.resume_flow = [](hyalite_flow*, const hyalite_resumption*) -> hyalite_verdict { return HYALITE_CONTINUE; };
  }
  hyalite_verdict pause(hyalite_flow* f) {
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_flow(f, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  }
  // Until its plugin lets the end wait.
  Playbook waiting() {
    Playbook t = paired();
    t.client(first).client(second).ends(Side::client);
    EXPECT_TRUE(t.going());
    EXPECT_EQ(t.sent(Side::upstream), "");
    EXPECT_FALSE(t.ended(Side::upstream));
    return t;
  }
  void resume(Playbook& t) {
    ASSERT_EQ(async->resume(host, ref), HYALITE_OK);
    ASSERT_TRUE(deliver(t));
  }

  hyalite_ref ref = 0;
  const std::string first = from_client(Opcode::text, "half", false);
  std::string second = from_client(Opcode::continuation, " and whole");
};

TEST_F(RawPause, AtTheEndLosesNothingOfAMessage) {
  Playbook t = waiting();
  resume(t);
  EXPECT_EQ(seen, "> 1 half and whole\n");
  EXPECT_EQ(t.sent(Side::upstream), first + second);
  EXPECT_TRUE(t.ended(Side::upstream));
  EXPECT_TRUE(t.going());
}

TEST_F(RawPause, AtTheEndOfWhatIsNoWholeMessageIsNotTakenForOne) {
  second.resize(second.size() - 1);
  Playbook t = waiting();
  resume(t);
  EXPECT_EQ(t.sent(Side::upstream), "");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::client_broke);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

TEST_F(RawPause, AtTheEndIsFollowedByThatOfWhoWantsTheMessage) {
  act = [this](hyalite_flow* f, hyalite_direction, const hyalite_ws_message*) { return pause(f); };
  Playbook t = waiting();
  resume(t);
  EXPECT_TRUE(t.going());
  EXPECT_EQ(t.sent(Side::upstream), "");
  EXPECT_FALSE(t.ended(Side::upstream));
  resume(t);
  EXPECT_EQ(t.sent(Side::upstream), first + second);
  EXPECT_TRUE(t.ended(Side::upstream));
  EXPECT_TRUE(t.going());
}

TEST_F(WebSocketTalk, WhatAMessagePluginLetsPassIsSentOnceAndRawPluginsHearNoMore) {
  int raw = 0;
  script.data = [&](hyalite_flow*, hyalite_direction, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    ++raw;
    return HYALITE_CONTINUE;
  };
  script.flow_open = [](hyalite_flow* f, void*) -> hyalite_verdict {
    const auto options = wants(HYALITE_BODY_TAP);
    for (const hyalite_direction direction : {HYALITE_REQUEST, HYALITE_RESPONSE}) flow_host->stream_interest(f, direction, &options);
    return HYALITE_CONTINUE;
  };
  act = [](hyalite_flow* f, hyalite_direction, const hyalite_ws_message*) -> hyalite_verdict {
    EXPECT_EQ(flow_host->pass_through(f, bytes("seen")), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Playbook t = paired();
  t.upstream("\x81").client(from_client(Opcode::text, "enough"));
  EXPECT_EQ(file->uninspected, Uninspected::plugin);
  EXPECT_EQ(std::exchange(raw, 0), 2);
  t.upstream("\x02hi").client("x").upstream("y");
  EXPECT_EQ(t.sent(Side::client), "\x81\x02hiy");
  EXPECT_EQ(t.sent(Side::upstream), from_client(Opcode::text, "enough") + "x");
  EXPECT_EQ(raw, 0);
}

TEST_F(WebSocketTalk, WhatARawPluginWritesIsReadAsStrictly) {
  script.data = [](hyalite_flow*, hyalite_direction, hyalite_window* w, const hyalite_window_view* v) -> hyalite_verdict {
    for (std::uint64_t i = 0; i < v->length; ++i) {
      hyalite_bytes one{};
      body->flat(w, i, 1, &one);
      if (*one.data != '!') {
        body->pass(w, 1);
        continue;
      }
      body->drop(w, 1);
      body->write(w, bytes("\xff"));
    }
    return HYALITE_CONTINUE;
  };
  script.flow_open = [](hyalite_flow* f, void*) -> hyalite_verdict {
    const auto options = wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
    flow_host->stream_interest(f, HYALITE_RESPONSE, &options);
    return HYALITE_CONTINUE;
  };
  Playbook t = paired();
  t.upstream(from_server(Opcode::text, "fine")).client(from_client(Opcode::text, "fine"));
  EXPECT_EQ(t.sent(Side::client), from_server(Opcode::text, "fine"));
  EXPECT_EQ(t.sent(Side::upstream), from_client(Opcode::text, "fine"));
  t.upstream(from_server(Opcode::text, "fine!"));
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::upstream_frames_refused);
}

}  // namespace
}  // namespace hyalite

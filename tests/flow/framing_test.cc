// Chunks that are mostly framing: what plugins hold back, and what is cut for them, stays in proportion to the content.
// SPDX-License-Identifier: MIT
#include <malloc.h>

#include "http/body.h"
#include "tests/flow/plugin_talk.h"
#include "tests/flow/tls_fixture.h"
#include "tests/support/sanitizers.h"
#include "tests/unit/coding/samples.h"

namespace hyalite {
namespace {

struct FramingTalk : Set, ::testing::Test {};

constexpr char kHead[] = "POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr char kLast[] = "0\r\n\r\n";
constexpr std::size_t kMany = 40'000;

// So many chunks of one byte.
std::string chunks(std::size_t count, std::size_t extension = 0) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += "1";
    if (extension > 0) all += ";" + std::string(extension, 'e');
    all += "\r\n";
    all += static_cast<char>('a' + i % 26);
    all += "\r\n";
  }
  return all;
}

std::string content(std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += static_cast<char>('a' + i % 26);
  return all;
}

// What a receiver makes of it; empty when it is not a whole chunked body and nothing else.
std::string unchunked(std::string_view body) {
  BodyReader reader({Framing::Kind::chunked, 0}, BodyLimits{});
  std::string all;
  for (;;) {
    const Piece piece = reader.next(body);
    body.remove_prefix(piece.raw.size());
    if (piece.kind == Piece::Kind::content) all += piece.raw;
    if (piece.kind == Piece::Kind::end) return body.empty() ? all : "";
    if (piece.kind == Piece::Kind::need_more || piece.kind == Piece::Kind::refused) return "";
  }
}

std::string_view behind_head(std::string_view message) { return message.substr(message.find("\r\n\r\n") + 4); }

// What lives on the heap. AddressSanitizer has one of its own, of which nothing is known here: there all is well.
std::size_t heap() {
#if HYALITE_ADDRESS_SANITIZER
  return 0;
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}
std::size_t grown_since(std::size_t before) { return heap() > before ? heap() - before : 0; }

TEST(Framing, OfTinyChunksThatNobodyLooksAtLeavesNothingBehind) {
  Relay relay({Framing::Kind::chunked, 0}, BodyLimits{}, {}, Wire::chunked, 0, 0, nullptr);
  const std::string all = chunks(kMany);
  const std::size_t before = heap();
  EXPECT_EQ(relay.feed(all).taken, all.size());
  EXPECT_LT(grown_since(before), 1024u);
  EXPECT_EQ(relay.content_out(), kMany);
  ASSERT_EQ(relay.output().size(), 1u);
  EXPECT_TRUE(relay.output()[0] == all);
}

TEST_F(FramingTalk, TinyChunksAreShownAFewAtATimeAndPassAsTheyCame) {
  for (const std::uint32_t mode : {HYALITE_BODY_TAP, HYALITE_BODY_STREAM}) {
    SCOPED_TRACE(mode);
    Set own;
    std::string seen;
    own.script.request_head = interested(HYALITE_REQUEST, wants(mode));
    own.script.request_body = [&](hyalite_exchange*, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
      EXPECT_LE(view->segment_count, 256u);
      for (std::size_t i = 0; i < view->segment_count; ++i) seen.append(view->segments[i].data, view->segments[i].size);
      return HYALITE_CONTINUE;
    };
    Playbook t = own.talk();
    t.client(kHead).connected();
    const std::string all = chunks(kMany);
    seen.reserve(kMany);
    EXPECT_EQ(t.sent(Side::upstream), kHead);
    const std::size_t before = heap();
    t.client(all);
    const std::string sent = t.sent(Side::upstream);
    // The test holds what was sent, and Playbook what it was told.
    EXPECT_LT(grown_since(before), 4 * all.size() + 128 * 1024);
    EXPECT_EQ(t.client(kLast).sent(Side::upstream), kLast);
    EXPECT_TRUE(sent == all);
    EXPECT_TRUE(seen == content(kMany));
  }
}

TEST_F(FramingTalk, AHeldBodyLosesFramingThatIsOutOfAllProportion) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  std::uint64_t shown = 0;
  script.request_body = [&](hyalite_exchange*, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
    shown = view->length;
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kHead);
  const std::string some = chunks(26, 4000);
  const std::size_t before = heap();
  for (int i = 0; i < 40; ++i) t.client(some);
  EXPECT_LT(grown_since(before), 600u * 1024) << "of " << 40 * some.size() << " bytes";
  t.client(kLast).connected();
  EXPECT_EQ(shown, 40u * 26);
  const std::string sent = t.sent(Side::upstream);
  std::string expected;
  for (int i = 0; i < 40; ++i) expected += content(26);
  EXPECT_TRUE(behind_head(sent) == expected) << sent.substr(0, 200);
  EXPECT_NE(sent.find("Content-Length: 1040\r\n"), std::string::npos);
}

// The coded form is a part of what came.
TEST_F(FramingTalk, ACodedBodyWhoseFramingIsLostLeavesPlain) {
  script.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_FULL, HYALITE_BODY_DECODED));
  script.response_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : samples::coded(Coding::gzip, "banana")) answer += "1;" + std::string(4000, 'e') + "\r\n" + c + "\r\n";
  t.upstream(answer + kLast);
  EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbanana");
}

TEST_F(FramingTalk, OddFramingOfAHeldBodyLeavesAsItCameWhileItIsFew) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_FULL));
  script.request_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  const std::string all = kHead + chunks(14, 4000) + chunks(100) + kLast;
  t.client(all).connected();
  EXPECT_TRUE(t.sent(Side::upstream) == all);
}

TEST_F(FramingTalk, WhatPeeksHoldsLosesItToo) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_PEEK, 0, 100));
  script.request_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kHead).client(chunks(60, 4000)).client(chunks(60));
  EXPECT_TRUE(t.connecting());
  t.connected().client(chunks(60, 4000)).client(kLast);
  EXPECT_EQ(unchunked(behind_head(t.sent(Side::upstream))), content(60) + content(60) + content(60));
}

TEST_F(FramingTalk, ContentThatIsKeptDoesNotKeepMuchFramingWithIt) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM, 0, 0, HYALITE_OVERFLOW_DEGRADE, 100'000));
  script.request_body = [](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) -> hyalite_verdict {
    if ((view->flags & HYALITE_WINDOW_END) == 0) body->keep(w, view->length - 1);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client(kHead).connected();
  const std::string some = chunks(26, 4000);
  EXPECT_EQ(t.sent(Side::upstream), kHead);
  t.client("3;q=1\r\nxyz\r\n");
  std::string sent = t.sent(Side::upstream);
  EXPECT_EQ(sent, "3;q=1\r\nx");
  const std::size_t before = heap();
  for (int i = 0; i < 40; ++i) t.client(some);
  EXPECT_LT(grown_since(before), 600u * 1024) << "of " << 40 * some.size() << " bytes";
  sent += t.sent(Side::upstream);
  sent += t.client(kLast).sent(Side::upstream);
  std::string expected = "xyz";
  for (int i = 0; i < 40; ++i) expected += content(26);
  EXPECT_EQ(unchunked(sent), expected) << sent.substr(0, 200);
}

// HTTP/1.0 has no chunks: a body whose length may change is held until its end.
TEST_F(FramingTalk, ABodyThatAPluginDropsIsNotHeldAsItCame) {
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE));
  script.request_body = [](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) -> hyalite_verdict {
    body->drop(w, view->length);
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client("POST /x HTTP/1.0\r\nHost: h\r\nContent-Length: 64000000\r\n\r\n");
  const std::string some(100'000, 'x');
  const std::size_t before = heap();
  for (int i = 0; i < 639; ++i) t.client(some);
  EXPECT_LT(grown_since(before), 600u * 1024);
  t.client(some).connected();
  EXPECT_EQ(t.sent(Side::upstream), "POST /x HTTP/1.0\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

// The real flow offers again what was left lying, though nothing more comes.
struct FramingOnLoopback : TlsOnLoopback {
  ScriptedChain scripted;
};

TEST_F(FramingOnLoopback, TinyChunksOfOneReadAllArrive) {
  Script script;
  script.create = fetch_tables;
  script.request_head = interested(HYALITE_REQUEST, wants(HYALITE_BODY_TAP));
  script.request_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    return HYALITE_CONTINUE;
  };
  plugins = &scripted.add(std::move(script)).start();
  start();
  const Fd client = redirected();
  const std::string all = kHead + chunks(20'000) + kLast;
  ASSERT_EQ(::send(client.get(), all.data(), all.size(), MSG_NOSIGNAL), static_cast<ssize_t>(all.size()));
  Fd server;
  std::string got;
  EXPECT_TRUE(pump(*loop, [&] {
    if (!server) server.reset(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char room[65536];
    const ssize_t n = server ? ::recv(server.get(), room, sizeof room, MSG_DONTWAIT) : 0;
    if (n > 0) got.append(room, static_cast<std::size_t>(n));
    return got.size() >= all.size();
  })) << got.size();
  EXPECT_TRUE(got == all);
}

}  // namespace
}  // namespace hyalite

// Plugins that look at bodies without their content coding, and those that only look at the beginning.
// SPDX-License-Identifier: MIT
#include <random>

#include "tests/flow/plugin_talk.h"
#include "tests/unit/coding/samples.h"

namespace hyalite {
namespace {

struct DecodedTalk : Set, ::testing::Test {
  explicit DecodedTalk(const ChainLimits& limits = {}) : Set(limits) {
    script.response_body = [this](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) -> hyalite_verdict {
      flags |= view->flags;
      for (std::size_t i = 0; i < view->segment_count; ++i) shown.append(view->segments[i].data, view->segments[i].size);
      return edits ? replacing("o")(nullptr, w, view) : static_cast<hyalite_verdict>(HYALITE_CONTINUE);
    };
  }
  void want(std::uint32_t mode, std::uint32_t more = 0, std::uint64_t cap = 0) {
    script.request_head = interested(HYALITE_RESPONSE, wants(mode, HYALITE_BODY_DECODED | more, cap));
  }
  static std::string answer(std::string_view coding, const std::string& body, std::string_view more = "") {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(coding) + "\r\nETag: \"1\"\r\n" + std::string(more) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  // The client's part, for what upstream says.
  std::string got(const std::string& answer) {
    talk_.emplace(talk());
    talk_->client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
    talk_->upstream(answer);
    return talk_->sent(Side::client);
  }

  std::optional<Playbook> talk_;
  bool edits = false;
  std::string shown;
  std::uint32_t flags = 0;
};

const std::string kGzip = samples::coded(Coding::gzip, "banana");

TEST_F(DecodedTalk, WhoTapsSeesTheContentAndTheClientGetsWhatCame) {
  want(HYALITE_BODY_TAP);
  EXPECT_EQ(got(answer("gzip", kGzip)), answer("gzip", kGzip));
  EXPECT_EQ(shown, "banana");
  EXPECT_EQ(flags, static_cast<std::uint32_t>(HYALITE_WINDOW_DECODED | HYALITE_WINDOW_END));
}

TEST_F(DecodedTalk, EveryCodingThatWeKnow) {
  for (const auto& [name, coding] : {std::pair{"gzip", Coding::gzip}, {"deflate", Coding::deflate}, {"br", Coding::br}, {"zstd", Coding::zstd}}) {
    DecodedTalk* const self = this;
    self->shown.clear();
    Set set;
    set.script.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_FULL, HYALITE_BODY_DECODED));
    set.script.response_body = [&](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) { return replacing("o")(nullptr, w, view); };
    Playbook t = set.talk();
    t.client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
    t.upstream(answer(name, samples::coded(coding, "banana")));
    EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nETag: W/\"1\"\r\nContent-Length: 6\r\n\r\nbonono") << name;
  }
}

TEST_F(DecodedTalk, AWholeBodyThatNobodyChangedLeavesAsItCame) {
  want(HYALITE_BODY_FULL);
  EXPECT_EQ(got(answer("gzip", kGzip)), answer("gzip", kGzip));
  EXPECT_EQ(shown, "banana");
}

TEST_F(DecodedTalk, AStreamLeavesPlain) {
  want(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
  edits = true;
  EXPECT_EQ(got(answer("gzip", kGzip, "Content-Digest: sha-256=:x:\r\n")),
            "HTTP/1.1 200 OK\r\nETag: W/\"1\"\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nbonono\r\n0\r\n\r\n");
}

TEST_F(DecodedTalk, WhatCannotBeUndoneIsShownAsItIs) {
  want(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
  const std::string coded = answer("compress", "xyz");
  EXPECT_NE(got(coded).find("Content-Encoding: compress\r\n"), std::string::npos);
  EXPECT_EQ(shown, "xyz");
  EXPECT_EQ(flags & HYALITE_WINDOW_DECODED, 0u);
}

TEST_F(DecodedTalk, PartsAreShownAsTheyAre) {
  want(HYALITE_BODY_TAP);
  got("HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-2/10\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(shown, "abc");
  EXPECT_EQ(flags & HYALITE_WINDOW_DECODED, 0u);
}

TEST_F(DecodedTalk, CorruptContentPassesWhoTapsAndSaysSo) {
  want(HYALITE_BODY_TAP);
  const std::string corrupt = answer("gzip", "no gzip at all");
  EXPECT_EQ(got(corrupt), corrupt);
  EXPECT_NE(flags & HYALITE_WINDOW_CORRUPT, 0u);
  EXPECT_EQ(scripted.count("hyalite_plugin_undecoded_bodies_total", "p0"), 1u);
}

TEST_F(DecodedTalk, CorruptContentIsRefusedWhereItMustBeWhole) {
  want(HYALITE_BODY_FULL);
  EXPECT_EQ(got(answer("gzip", "no gzip at all")).substr(0, 12), "HTTP/1.1 502");
}

TEST_F(DecodedTalk, CutShortContentIsNotPassedOnAsWhole) {
  want(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
  got(answer("gzip", kGzip.substr(0, kGzip.size() - 3)));
  ASSERT_TRUE(talk_->said<Close>());
  EXPECT_EQ(talk_->said<Close>()->client, Ending::reset);
}

TEST_F(DecodedTalk, ABombIsRefused) {
  want(HYALITE_BODY_FULL);
  const std::string bomb = samples::coded(Coding::gzip, std::string(std::size_t{32} << 20, 'a'));
  EXPECT_EQ(got(answer("gzip", bomb)).substr(0, 12), "HTTP/1.1 502");
  EXPECT_LT(shown.size(), std::size_t{9} << 20);
}

TEST_F(DecodedTalk, ALongStreamIsUndoneWholeHoweverItIsCut) {
  want(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i * 7919) + "\n";
  talk_.emplace(talk());
  talk_->client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
  const std::string all = answer("br", samples::coded(Coding::br, text));
  for (std::size_t at = 0; at < all.size(); at += 30'000) talk_->upstream(all.substr(at, 30'000));
  EXPECT_EQ(shown, text);
  EXPECT_TRUE(talk_->going());
}

// ---- windows

// A worker in which little may be held.
struct CrampedTalk : DecodedTalk {
  CrampedTalk() : DecodedTalk(cramped()) {
    std::minstd_rand random(1);
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
  }
  static ChainLimits cramped() {
    ChainLimits limits;
    limits.held_bodies_bytes = std::size_t{1} << 20;
    return limits;
  }
  // Upstream answers with `answer`, but for its last bytes.
  std::string begun(const std::string& answer) {
    talk_.emplace(talk());
    talk_->client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
    for (std::size_t at = 0; at < answer.size() - 10; at += 10'000) {
      talk_->upstream(answer.substr(at, std::min<std::size_t>(10'000, answer.size() - 10 - at)));
    }
    return talk_->sent(Side::client);
  }
  void expect_that_who_taps_is_told(std::string_view name, Coding coding) {
    want(HYALITE_BODY_TAP);
    const std::string coded = answer(name, samples::coded(coding, text));
    const std::string got = begun(coded);
    EXPECT_NE(flags & HYALITE_WINDOW_CORRUPT, 0u);
    EXPECT_EQ(scripted.count("hyalite_plugin_undecoded_bodies_total", "p0"), 1u);
    EXPECT_EQ(chain->held_body_bytes(), 0u);
    talk_->upstream(coded.substr(coded.size() - 10));
    EXPECT_TRUE(got + talk_->sent(Side::client) == coded);
  }

  std::string text = std::string(std::size_t{3} << 20, ' ');
};

TEST_F(CrampedTalk, WithoutRoomForAWindowOfBrotliWhoTapsIsToldSo) { expect_that_who_taps_is_told("br", Coding::br); }
TEST_F(CrampedTalk, WithoutRoomForAWindowOfZstdWhoTapsIsToldSo) { expect_that_who_taps_is_told("zstd", Coding::zstd); }

TEST_F(CrampedTalk, WithoutRoomForTheWindowABodyThatMustBeWholeIsRefused) {
  want(HYALITE_BODY_FULL);
  EXPECT_EQ(begun(answer("zstd", samples::coded(Coding::zstd, text))).substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(scripted.count("hyalite_plugin_undecoded_bodies_total", "p0"), 1u);
}

// As many as there may be flows.
TEST_F(CrampedTalk, ASmallWindowNeedsNoRoom) {
  want(HYALITE_BODY_TAP);
  const std::string coded = answer("gzip", samples::coded(Coding::gzip, text));
  const std::string got = begun(coded);
  EXPECT_EQ(chain->held_body_bytes(), 0u);
  talk_->upstream(coded.substr(coded.size() - 10));
  EXPECT_TRUE(got + talk_->sent(Side::client) == coded);
  EXPECT_TRUE(shown == text);
}

TEST_F(DecodedTalk, AWindowCountsUntilTheBodyEnds) {
  want(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
  std::minstd_rand random(1);
  std::string text(std::size_t{3} << 20, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  talk_.emplace(talk());
  talk_->client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
  const std::string all = answer("zstd", samples::coded(Coding::zstd, text));
  talk_->upstream(all.substr(0, all.size() - 10));
  EXPECT_GE(chain->held_body_bytes(), std::size_t{1} << 20);
  talk_->upstream(all.substr(all.size() - 10));
  EXPECT_TRUE(shown == text);
  EXPECT_EQ(chain->held_body_bytes(), 0u);
}

// ---- peeking

// RFC 9110, section 5.6.1.2: whoever reads the list ignores them.
TEST_F(DecodedTalk, EmptyElementsOfAListAreNoCoding) {
  for (const char* value : {"gzip,", ", gzip", " ,gzip , ,", "gzip\r\nContent-Encoding: ", "\r\nContent-Encoding: gzip"}) {
    Set set;
    set.script.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_FULL, HYALITE_BODY_DECODED));
    set.script.response_body = [&](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) { return replacing("o")(nullptr, w, view); };
    Playbook t = set.talk();
    t.client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
    t.upstream(answer(value, kGzip));
    EXPECT_EQ(t.sent(Side::client), "HTTP/1.1 200 OK\r\nETag: W/\"1\"\r\nContent-Length: 6\r\n\r\nbonono") << value;
  }
}

struct PeekTalk : DecodedTalk {
  void peek(std::uint64_t n, std::uint32_t more = 0) {
    script.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_PEEK, more, n));
  }
  static constexpr char kPlain[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbanana";
};

TEST_F(PeekTalk, TheBeginningIsShownOnceAndAllOfItLeavesAsItCame) {
  peek(3);
  EXPECT_EQ(got(kPlain), kPlain);
  EXPECT_EQ(shown, "ban");
  EXPECT_EQ(flags, static_cast<std::uint32_t>(HYALITE_WINDOW_TRUNCATED));
}

TEST_F(PeekTalk, TheHeadWaitsForIt) {
  peek(5);
  talk_.emplace(talk());
  talk_->client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
  talk_->upstream("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nban");
  EXPECT_EQ(talk_->sent(Side::client), "");
  EXPECT_EQ(shown, "");
  talk_->upstream("an");
  EXPECT_EQ(shown, "banan");
  talk_->upstream("a");
  EXPECT_EQ(talk_->sent(Side::client), kPlain);
  EXPECT_EQ(shown, "banan");
}

TEST_F(PeekTalk, AShortBodyIsShownWithItsEnd) {
  peek(100);
  EXPECT_EQ(got(kPlain), kPlain);
  EXPECT_EQ(shown, "banana");
  EXPECT_EQ(flags, static_cast<std::uint32_t>(HYALITE_WINDOW_END));
}

TEST_F(PeekTalk, WhoHasSeenEnoughMayAnswerInstead) {
  peek(3);
  script.response_body = [](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 451;
    EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  EXPECT_EQ(got(kPlain).substr(0, 12), "HTTP/1.1 451");
}

TEST_F(PeekTalk, TheRestMayBeAskedFor) {
  peek(3);
  script.response_body = [this](hyalite_exchange* x, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
    if (view->offset == 0) {
      const auto tap = wants(HYALITE_BODY_TAP), full = wants(HYALITE_BODY_FULL);
      EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &full), HYALITE_E_INVALID);
      EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &tap), HYALITE_OK);
    }
    for (std::size_t i = 0; i < view->segment_count; ++i) shown.append(view->segments[i].data, view->segments[i].size);
    return HYALITE_CONTINUE;
  };
  EXPECT_EQ(got(kPlain), kPlain);
  EXPECT_EQ(shown, "banana");
}

TEST_F(PeekTalk, WithoutTheCodingTheRestLeavesAsItCame) {
  peek(3, HYALITE_BODY_DECODED);
  EXPECT_EQ(got(answer("gzip", kGzip)), answer("gzip", kGzip));
  EXPECT_EQ(shown, "ban");
}

TEST_F(PeekTalk, WhoTapsBehindSeesAllOfTheContentWithoutItsCoding) {
  std::mt19937 random(1);
  std::string text(200'000, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  std::string tapped;
  Script behind;  // responses go in reverse: it comes after the one that peeks
  behind.request_head = interested(HYALITE_RESPONSE, wants(HYALITE_BODY_TAP, HYALITE_BODY_DECODED));
  behind.response_body = [&](hyalite_exchange*, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
    EXPECT_NE(view->flags & HYALITE_WINDOW_DECODED, 0u);
    for (std::size_t i = 0; i < view->segment_count; ++i) tapped.append(view->segments[i].data, view->segments[i].size);
    return HYALITE_CONTINUE;
  };
  scripted.add(std::move(behind));
  peek(3, HYALITE_BODY_DECODED);
  talk_.emplace(talk());
  talk_->client("GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n").connected();
  const std::string all = answer("gzip", samples::coded(Coding::gzip, text));
  for (std::size_t at = 0; at < all.size(); at += 16'384) talk_->upstream(std::string_view(all).substr(at, 16'384));
  EXPECT_EQ(shown, text.substr(0, 3));
  EXPECT_EQ(tapped.size(), text.size());
  EXPECT_TRUE(tapped == text);
}

}  // namespace
}  // namespace hyalite

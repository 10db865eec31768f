// Bodies that are larger than somebody is ready to hold.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "unit/plugin/piped.h"

namespace hyalite {
namespace {

TEST(BodyPipe, SkipsABodyThatIsTooLarge) {
  for (const BodyCut& cut : all_cuts(kText)) {
    ScriptedChain scripted;
    Chain& chain =
        scripted
            .add(with_body(wants_full(10, HYALITE_OVERFLOW_SKIP),
                           [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
                             return ADD_FAILURE(), HYALITE_CONTINUE;
                           }))
            .start();
    const Passed passed = send(chain, cut);
    ASSERT_EQ(passed.out, kText);
    EXPECT_FALSE(passed.need_then > BodyNeed::tap);
    EXPECT_EQ(scripted.count("hyalite_plugin_overflows_total", "p0"), 1u);
  }
}

TEST(BodyPipe, RejectsABodyThatIsTooLarge) {
  for (const BodyCut& cut : all_cuts(kText)) {
    ScriptedChain scripted;
    Chain& chain =
        scripted
            .add(with_body(wants_full(10, HYALITE_OVERFLOW_REJECT),
                           [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
                             return ADD_FAILURE(), HYALITE_CONTINUE;
                           }))
            .start();
    HookTalk talk(chain);
    talk.request(kPost);
    BodyPipe pipe = chain.body(talk.exchange, Direction::request);
    const Passed passed = pump(pipe, cut);
    ASSERT_TRUE(passed.decided);
    EXPECT_EQ(passed.out, "");
    EXPECT_EQ(std::get<Respond>(talk.exchange.decision().what).status, 413u);
    EXPECT_EQ(talk.exchange.decision().cause, Decision::Cause::overflow);
  }
}

// First exactly `cap` bytes as a whole, then the rest: the same however it was cut.
TEST(BodyPipe, StreamsABodyThatIsTooLarge) {
  for (const BodyCut& cut : all_cuts(kText)) {
    std::string first, seen;
    ScriptedChain scripted;
    hyalite_body_options options = wants_full(10, HYALITE_OVERFLOW_DEGRADE);
    options.keep_max = 2;
    Chain& chain = scripted
                       .add(with_body(options,
                                      [&](hyalite_exchange* x, hyalite_window* window,
                                          const hyalite_window_view* view) {
                                        if ((view->flags & HYALITE_WINDOW_TRUNCATED) != 0)
                                          first = flat(window, view);
                                        EXPECT_EQ(view->offset + view->retained, seen.size());
                                        seen += flat(window, view).substr(view->retained);
                                        return replaces_cats("tiger")(x, window, view);
                                      }))
                       .start();
    const Passed passed = send(chain, cut);
    ASSERT_EQ(first, kText.substr(0, 10));
    ASSERT_EQ(seen, kText);
    ASSERT_EQ(passed.out, "a tiger, a ca, catiger and a c");
    EXPECT_EQ(passed.need_then, BodyNeed::resize);
    EXPECT_TRUE(passed.ended);
  }
}

TEST(BodyPipe, ABodyOfExactlyTheCapFits) {
  ScriptedChain scripted;
  int calls = 0;
  Chain& chain =
      scripted
          .add(with_body(wants_full(kText.size(), HYALITE_OVERFLOW_REJECT),
                         [&](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
                           return ++calls, HYALITE_CONTINUE;
                         }))
          .start();
  for (const BodyCut& cut : all_cuts(kText)) EXPECT_EQ(send(chain, cut).out, kText);
  EXPECT_EQ(static_cast<std::size_t>(calls), all_cuts(kText).size());
}

TEST(BodyPipe, HoldsNoMoreThanTheHostIsReadyTo) {
  ChainLimits limits;
  limits.held_body_bytes = 1'000;
  limits.held_bodies_bytes = 1'500;
  ScriptedChain scripted(limits);
  Script script = with_body(wants_full(0, HYALITE_OVERFLOW_SKIP),
                            [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
                              return HYALITE_CONTINUE;
                            });
  const auto greedy = wants_full(1'001);
  script.response_head = [&](hyalite_exchange* x, const hyalite_headers*) {
    EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &greedy), HYALITE_E_LIMIT);
    return HYALITE_CONTINUE;
  };
  script.response_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  const std::string block(900, 'x');
  HookTalk one(chain), other(chain);
  one.request(kPost);
  one.response(kOk);
  other.request(kPost);
  BodyPipe first = chain.body(one.exchange, Direction::request);
  {
    BodyPipe second = chain.body(other.exchange, Direction::request);
    EXPECT_EQ(first.feed(block, false).kind, BodyStep::Kind::hold);
    // Together they would be more than this worker's share.
    EXPECT_EQ(second.feed(block, false).kind, BodyStep::Kind::forward);
  }
  // More than one body may have: what was held goes on, too.
  const BodyStep step = first.feed(block, false);
  EXPECT_EQ(step.kind, BodyStep::Kind::forward);
  EXPECT_EQ(step.size, 1'800u);
  EXPECT_EQ(first.held(), 0u);
  EXPECT_EQ(scripted.count("hyalite_plugin_overflows_total", "p0"), 2u);
}

TEST(BodyPipe, CountsWhatIsHeldBesidesInTheSameAccount) {
  ChainLimits limits;
  limits.held_bodies_bytes = 1'000;
  ScriptedChain scripted(limits);
  Chain& chain =
      scripted.add(with_body(wants_full(0), [](auto...) { return HYALITE_CONTINUE; })).start();
  HookTalk one(chain), other(chain);
  one.request(kPost);
  other.request(kPost);
  BodyPipe second = chain.body(other.exchange, Direction::request);
  {
    BodyPipe first = chain.body(one.exchange, Direction::request);
    EXPECT_EQ(first.feed("abc", false).kind, BodyStep::Kind::hold);
    EXPECT_TRUE(first.has_room_besides(997));
    EXPECT_FALSE(first.has_room_besides(998));
    first.count_besides(600);
    EXPECT_EQ(first.held(), 3u);
    EXPECT_TRUE(first.has_room_besides(997)) << "in place of what was counted";
    EXPECT_TRUE(second.has_room_besides(397));
    EXPECT_FALSE(second.has_room_besides(398));
    first.count_besides(990);
    EXPECT_EQ(first.feed("defghijk", false).kind, BodyStep::Kind::forward)
        << "content has no room beside it";
  }
  EXPECT_TRUE(second.has_room_besides(1'000)) << "it went with its pipe";
}

TEST(BodyPipe, CountsTheWindowOfADecoder) {
  ChainLimits limits;
  limits.held_bodies_bytes = std::size_t{4} << 20;
  ScriptedChain scripted(limits);
  Chain& chain = scripted
                     .add(with_body(wants(HYALITE_BODY_TAP, HYALITE_BODY_DECODED),
                                    [](auto...) { return HYALITE_CONTINUE; }))
                     .start();
  std::mt19937 random(1);
  std::string text(std::size_t{3} << 20, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  std::string coded(ZSTD_compressBound(text.size()), ' ');
  coded.resize(ZSTD_compress(coded.data(), coded.size(), text.data(), text.size(), 3));
  const std::string_view some = std::string_view(coded).substr(0, 100'000),
                         rest = std::string_view(coded).substr(100'000);
  HookTalk one(chain), other(chain);
  for (HookTalk* talk : {&one, &other}) {
    talk->request(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: zstd\r\nContent-Length: 9\r\n\r\n");
  }
  BodyPipe first = chain.body(one.exchange, Direction::request);
  BodyPipe second = chain.body(other.exchange, Direction::request);
  EXPECT_EQ(first.feed(some, false).kind, BodyStep::Kind::forward);
  const std::uint64_t window = chain.held_body_bytes();
  EXPECT_GE(window, std::uint64_t{2} << 20);
  EXPECT_EQ(first.held(), 0u) << "it is no content";
  // The other one's has no room beside it.
  EXPECT_EQ(second.feed(some, false).kind, BodyStep::Kind::forward);
  EXPECT_EQ(scripted.count("hyalite_plugin_undecoded_bodies_total", "p0"), 1u);
  EXPECT_EQ(chain.held_body_bytes(), window);
  for (std::size_t at = 0; at < rest.size(); at += 100'000) {
    const std::string_view piece = rest.substr(at, 100'000);
    first.feed(piece, at + piece.size() == rest.size());
  }
  EXPECT_EQ(chain.held_body_bytes(), 0u);
  EXPECT_EQ(scripted.count("hyalite_plugin_undecoded_bodies_total", "p0"), 1u);
}

TEST(BodyPipe, GivesBackTheRoomOfAPipeThatIsGone) {
  ChainLimits limits;
  limits.held_bodies_bytes = 1'000;
  ScriptedChain scripted(limits);
  Chain& chain = scripted
                     .add(with_body(wants_full(0),
                                    [](hyalite_exchange*, hyalite_window*,
                                       const hyalite_window_view*) { return HYALITE_CONTINUE; }))
                     .start();
  for (int i = 0; i < 10; ++i) {
    HookTalk talk(chain);
    talk.request(kPost);
    BodyPipe pipe = chain.body(talk.exchange, Direction::request);
    EXPECT_EQ(pipe.feed(std::string(900, 'x'), false).kind, BodyStep::Kind::hold);
  }
}

// Of a request the next feed may never come: its response is awaited.
TEST(BodyPipe, LendsWhatItHeldUntilNobodyLooksAnyMore) {
  ScriptedChain scripted;
  Chain& chain =
      scripted.add(with_body(wants_full(0), [](auto...) { return HYALITE_CONTINUE; })).start();
  HookTalk talk(chain);
  talk.request(kPost);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  EXPECT_EQ(pipe.feed(std::string(900, 'x'), false).kind, BodyStep::Kind::hold);
  EXPECT_EQ(pipe.lends(), 0u);
  const BodyStep step = pipe.feed(Bytes(), true);
  EXPECT_EQ(step.size, 900u);
  EXPECT_GE(pipe.lends(), 900u);
  pipe.forget_output();
  EXPECT_EQ(pipe.lends(), 0u);
}

TEST(BodyPipe, LendsNothingWhereNothingLeaves) {
  bool waits = false;
  ScriptedChain scripted;
  Script script = with_body(
      wants_full(0),
      [&](hyalite_exchange* x, hyalite_window* window,
          const hyalite_window_view* view) -> hyalite_verdict {
        if (!waits) return bodies->drop(window, view->length), HYALITE_CONTINUE;
        const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000};
        hyalite_ref ref = 0;
        EXPECT_EQ(async_table()->pause_exchange(x, &options, &ref), HYALITE_OK);
        return HYALITE_PAUSE;
      });
  script.resume_exchange = [](hyalite_exchange*, const hyalite_resumption*) -> hyalite_verdict {
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  for (const bool pauses : {false, true}) {
    waits = pauses;
    HookTalk talk(chain);
    talk.request(kPost);
    BodyPipe pipe = chain.body(talk.exchange, Direction::request);
    EXPECT_EQ(pipe.feed(std::string(900, 'x'), false).kind, BodyStep::Kind::hold);
    const BodyStep step = pipe.feed(Bytes(), true);
    EXPECT_EQ(step.kind, waits ? BodyStep::Kind::paused : BodyStep::Kind::forward);
    EXPECT_EQ(step.size, 0u);
    EXPECT_EQ(pipe.lends(), 0u);
    EXPECT_EQ(pipe.held(), waits ? 900u : 0u);
    EXPECT_EQ(chain.held_body_bytes(), pipe.held());
  }
}

TEST(BodyPipe, BoundsWhatIsWritten) {
  ChainLimits limits;
  limits.held_body_bytes = 1'000;
  ScriptedChain scripted(limits);
  const std::string block(400, 'x');
  Chain& chain = scripted
                     .add(with_body(wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE),
                                    [&](hyalite_exchange*, hyalite_window* window,
                                        const hyalite_window_view*) {
                                      EXPECT_EQ(bodies->write(window, abi(block)), HYALITE_OK);
                                      EXPECT_EQ(bodies->write(window, abi(block)), HYALITE_OK);
                                      EXPECT_EQ(bodies->write(window, abi(block)), HYALITE_E_LIMIT);
                                      return HYALITE_CONTINUE;
                                    }))
                     .start();
  EXPECT_EQ(send(chain, whole()).out.size(), 800 + kText.size());
}

}  // namespace
}  // namespace hyalite

// Bodies on their way through several plugins, of which some fail, leave, or want less.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "unit/plugin/piped.h"

namespace hyalite {
namespace {

// ---- several plugins

TEST(BodyPipe, GoesThroughAllPluginsInOrder) {
  for (const BodyCut& cut : all_cuts(kText)) {
    std::string tapped;
    ScriptedChain scripted;
    scripted.add(
        with_body(wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 2), replaces_cats("concat")));
    scripted.add(with_body(wants(HYALITE_BODY_TAP), [&](hyalite_exchange*, hyalite_window* window,
                                                        const hyalite_window_view* view) {
      return tapped += flat(window, view), HYALITE_CONTINUE;
    }));
    scripted.add(with_body(wants_full(100), replaces_cats("dog")));
    scripted.add(
        with_body(wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 2), replaces_cats("never")));
    const Passed passed = send(scripted.start(), cut);
    ASSERT_EQ(tapped, "a concat, a ca, caconcat and a c");
    ASSERT_EQ(passed.out, "a condog, a ca, cacondog and a c");
    EXPECT_EQ(passed.announced, passed.out.size());
  }
}

TEST(BodyPipe, TwoMayWantTheWholeBody) {
  for (const BodyCut& cut : all_cuts(kText)) {
    ScriptedChain scripted;
    scripted.add(with_body(wants_full(100), replaces_cats("dog")));
    hyalite_body_options options = wants_full(10);
    options.keep_max = 2;
    scripted.add(with_body(options, replaces_cats("never")));
    const Passed passed = send(scripted.start(), cut);
    ASSERT_EQ(passed.out, "a dog, a ca, cadog and a c");
    EXPECT_TRUE(passed.ended);
  }
}

TEST(BodyPipe, ResponsesGoInReverse) {
  std::string diary;
  const auto taps = [&](const std::string& who) {
    Script script;
    script.response_head = [](hyalite_exchange* x, const hyalite_headers*) {
      const auto options = wants(HYALITE_BODY_TAP);
      EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &options), HYALITE_OK);
      return HYALITE_CONTINUE;
    };
    script.response_body = [&diary, who](hyalite_exchange*, hyalite_window*,
                                         const hyalite_window_view*) {
      return diary += who, HYALITE_CONTINUE;
    };
    return script;
  };
  ScriptedChain scripted;
  Chain& chain = scripted.add(taps("a")).add(taps("b")).start();
  HookTalk talk(chain);
  talk.request(kGet);
  talk.response(kOk);
  chain.body(talk.exchange, Direction::response).feed("body", true);
  EXPECT_EQ(diary, "ba");
}

// ---- plugins that fail, leave, or want less

TEST(BodyPipe, PassesTheRestUntouchedWhenAPluginFailsOpen) {
  for (const auto mode : {HYALITE_BODY_TAP, HYALITE_BODY_STREAM, HYALITE_BODY_FULL}) {
    for (int good_calls = 0; good_calls < 3; ++good_calls) {
      for (const BodyCut& cut : all_cuts(kText)) {
        ScriptedChain scripted;
        int calls = 0;
        Script script = with_body(
            wants(mode, HYALITE_BODY_MAY_RESIZE, 2),
            [&](hyalite_exchange*, hyalite_window* window, const hyalite_window_view* view) {
              if (calls++ == good_calls) {
                bodies->drop(window,
                             view->length);  // what was done before it failed does not count
                throw std::runtime_error("x");
              }
              if (!is_last(view) && view->length >= 2) bodies->keep(window, 2);
              return HYALITE_CONTINUE;
            });
        const Passed passed = send(scripted.add(script).start(), cut);
        ASSERT_EQ(passed.out, kText);
        ASSERT_TRUE(passed.ended);
        ASSERT_LE(calls, good_calls + 1);
      }
    }
  }
}

TEST(BodyPipe, EndsWhenAPluginFailsClosed) {
  for (const auto mode : {HYALITE_BODY_TAP, HYALITE_BODY_STREAM, HYALITE_BODY_FULL}) {
    for (const bool started : {false, true}) {
      ScriptedChain scripted;
      Chain& chain =
          scripted
              .add(with_body(wants(mode),
                             [](hyalite_exchange*, hyalite_window*,
                                const hyalite_window_view*) -> hyalite_verdict { throw 1; }),
                   FailurePolicy::closed)
              .start();
      HookTalk talk(chain);
      talk.request(kPost);
      talk.exchange.response_started = started;
      BodyPipe pipe = chain.body(talk.exchange, Direction::request);
      EXPECT_TRUE(pump(pipe, whole()).decided);
      EXPECT_EQ(std::holds_alternative<Reset>(talk.exchange.decision().what), started);
    }
  }
}

TEST(BodyPipe, LetsGoOfWhatWasKeptWhenAPluginLeaves) {
  for (const bool ignores : {false, true}) {
    for (const BodyCut& cut : all_cuts(kText)) {
      ScriptedChain scripted;
      int calls = 0;
      Chain& chain =
          scripted
              .add(with_body(wants(HYALITE_BODY_STREAM, 0, 2),
                             [&](hyalite_exchange* x, hyalite_window* window,
                                 const hyalite_window_view* view) {
                               if (!is_last(view) && view->length >= 2) bodies->keep(window, 2);
                               if (++calls < 2) return HYALITE_CONTINUE;
                               const auto nothing = wants(HYALITE_BODY_NONE);
                               if (!ignores) {
                                 EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &nothing),
                                           HYALITE_OK);
                               }
                               return ignores ? HYALITE_IGNORE : HYALITE_CONTINUE;
                             }))
              .start();
      const Passed passed = send(chain, cut);
      ASSERT_EQ(passed.out, kText);
      ASSERT_LE(calls, 2);
    }
  }
}

TEST(BodyPipe, NeedsLessWhenAPluginWantsLess) {
  ScriptedChain scripted;
  Chain& chain =
      scripted
          .add(with_body(
              wants(HYALITE_BODY_STREAM, 0, 2),
              [&](hyalite_exchange* x, hyalite_window* window, const hyalite_window_view*) {
                EXPECT_EQ(bodies->keep(window, 2), HYALITE_OK);
                auto options = wants(HYALITE_BODY_FULL);
                EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_E_LATE);
                // Its length was announced.
                options = wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE);
                EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_E_LATE);
                options = wants(HYALITE_BODY_NONE);
                EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
                return HYALITE_CONTINUE;
              }))
          .start();
  HookTalk talk(chain);
  talk.request(kPost);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  EXPECT_EQ(pipe.need(), BodyNeed::edit);
  // Nobody may feed it any more: what was kept must not stay behind.
  EXPECT_EQ(pipe.feed("abc", false).size, 3u);
  EXPECT_EQ(pipe.held(), 0u);
  EXPECT_EQ(pipe.need(), BodyNeed::none);
}

TEST(BodyPipe, RefusesWishesThatNobodyUnderstands) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    auto options = wants(HYALITE_BODY_TAP);
    EXPECT_EQ(http->body_interest(x, HYALITE_RESPONSE, &options),
              HYALITE_E_INVALID);  // it has no response_body
    options.mode = 5;
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_E_UNSUPPORTED);
    options = wants(HYALITE_BODY_TAP, 8);
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_E_UNSUPPORTED);
    options = wants(HYALITE_BODY_TAP);
    options.reserved = 1;
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_E_UNSUPPORTED);
    options = wants(HYALITE_BODY_TAP);
    EXPECT_EQ(http->body_interest(x, 2, &options), HYALITE_E_INVALID);
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, nullptr), HYALITE_E_INVALID);
    return HYALITE_CONTINUE;
  };
  script.request_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk(chain).request(kPost);
}

TEST(BodyPipe, MakesRoomForTrailers) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    const auto options = wants(HYALITE_BODY_NONE, HYALITE_BODY_WANT_TRAILERS);
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.request_trailers = [](hyalite_exchange* x, const hyalite_headers* headers) {
    EXPECT_EQ(headers->count, 0u);
    const auto set = [&](std::string_view name) {
      return http->header_set(x, HYALITE_PART_REQUEST_TRAILERS, 0, abi(name),
                              abi(std::string_view("1")), HYALITE_SET_APPEND);
    };
    EXPECT_EQ(set("X-Sum"), HYALITE_OK);
    EXPECT_EQ(set("Host"), HYALITE_E_FORBIDDEN);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  talk.request(kPost);
  EXPECT_TRUE(talk.exchange.wants_trailers(Direction::request));
  EXPECT_EQ(chain.body(talk.exchange, Direction::request).need(), BodyNeed::resize);
  Trailers trailers;
  index_trailers("", 16, trailers);
  talk.exchange.request_trailers = &trailers;
  EXPECT_EQ(chain.request_trailers(talk.exchange), Answer::go_on);
  ASSERT_EQ(trailers.fields().size(), 1u);
  EXPECT_EQ(trailers.fields()[0].name, "X-Sum");
}

}  // namespace
}  // namespace hyalite

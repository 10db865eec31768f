// Bodies on their way through a plugin: the same comes out however they were cut.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <gtest/gtest.h>

#include "unit/plugin/piped.h"

namespace hyalite {
namespace {

// ---- one plugin

TEST(BodyPipe, NeedsNothingWhenNobodyAsks) {
  ScriptedChain scripted;
  Script script;
  script.request_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
    return ADD_FAILURE(), HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  talk.request(kPost);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  EXPECT_EQ(pipe.need(), BodyNeed::none);
  const BodyStep step = pipe.feed("abc", true);
  EXPECT_EQ(step.size, 3u);
  EXPECT_EQ(step.output[0], "abc");
  EXPECT_TRUE(step.end);
}

TEST(BodyPipe, ShowsATapEveryByteOnce) {
  for (const BodyCut& cut : all_cuts(kText)) {
    std::string seen;
    int ends = 0;
    ScriptedChain scripted;
    Chain& chain =
        scripted
            .add(with_body(
                wants(HYALITE_BODY_TAP),
                [&](hyalite_exchange*, hyalite_window* window, const hyalite_window_view* view) {
                  EXPECT_EQ(view->offset, seen.size());
                  EXPECT_EQ(view->retained, 0u);
                  seen += flat(window, view);
                  ends += is_last(view) ? 1 : 0;
                  EXPECT_EQ(bodies->drop(window, 0), HYALITE_E_FORBIDDEN);
                  EXPECT_EQ(bodies->write(window, abi(std::string_view("x"))), HYALITE_E_FORBIDDEN);
                  EXPECT_EQ(bodies->keep(window, 0), HYALITE_E_FORBIDDEN);
                  return HYALITE_CONTINUE;
                }))
            .start();
    const Passed passed = send(chain, cut);
    EXPECT_EQ(passed.out, kText);
    EXPECT_EQ(passed.need_then, BodyNeed::tap);
    EXPECT_EQ(seen, kText);
    EXPECT_EQ(ends, 1);
    EXPECT_TRUE(passed.ended);
  }
}

TEST(BodyPipe, ReplacesWhatIsCutInTwo) {
  for (const BodyCut& cut : all_cuts(kText)) {
    ScriptedChain scripted;
    Chain& chain = scripted
                       .add(with_body(wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 2),
                                      replaces_cats("tiger")))
                       .start();
    const Passed passed = send(chain, cut);
    ASSERT_EQ(passed.out, "a tiger, a ca, catiger and a c");
    EXPECT_EQ(passed.need_then, BodyNeed::resize);
    EXPECT_TRUE(passed.ended);
  }
}

TEST(BodyPipe, KeepsTheSizeWhenThePluginSaidSo) {
  for (const BodyCut& cut : all_cuts(kText)) {
    ScriptedChain scripted;
    Chain& chain =
        scripted.add(with_body(wants(HYALITE_BODY_STREAM, 0, 2), replaces_cats("dog"))).start();
    const Passed passed = send(chain, cut);
    ASSERT_EQ(passed.out, "a dog, a ca, cadog and a c");
    EXPECT_EQ(passed.need_then, BodyNeed::edit);
  }
}

TEST(BodyPipe, UndoesWhatWouldChangeAnAnnouncedSize) {
  for (const FailurePolicy policy : {FailurePolicy::open, FailurePolicy::closed}) {
    ScriptedChain scripted;
    Chain& chain =
        scripted.add(with_body(wants(HYALITE_BODY_STREAM, 0, 2), replaces_cats("tiger")), policy)
            .start();
    const Passed passed = send(chain, whole());
    EXPECT_EQ(passed.decided, policy == FailurePolicy::closed);
    EXPECT_EQ(passed.out, policy == FailurePolicy::closed ? "" : kText);
    EXPECT_EQ(scripted.count("hyalite_plugin_misuses_total", "p0"), 1u);
  }
}

TEST(BodyPipe, HoldsTheHeadUntilAWholeBodyWasJudged) {
  for (const BodyCut& cut : all_cuts(kText)) {
    int calls = 0;
    ScriptedChain scripted;
    Chain& chain =
        scripted
            .add(with_body(
                wants_full(100),
                [&](hyalite_exchange* x, hyalite_window* window, const hyalite_window_view* view) {
                  ++calls;
                  EXPECT_TRUE(is_last(view));
                  EXPECT_EQ(flat(window, view), kText);
                  EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0,
                                             abi(std::string_view("X-Judged")),
                                             abi(std::string_view("1")), 0),
                            HYALITE_OK);
                  bodies->drop(window, view->length);
                  bodies->write(window, abi(std::string_view("judged")));
                  return HYALITE_CONTINUE;
                }))
            .start();
    const Passed passed = send(chain, cut);
    ASSERT_EQ(passed.out, "judged");
    EXPECT_EQ(passed.announced, 6u);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(passed.head_waited, cut.end_alone || cut.feeds.size() > 1);
  }
}

TEST(BodyPipe, AnswersInPlaceOfAJudgedBody) {
  ScriptedChain scripted;
  Chain& chain =
      scripted
          .add(with_body(wants_full(100),
                         [&](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) {
                           hyalite_response response{};
                           response.size = sizeof response;
                           response.status = 403;
                           EXPECT_EQ(http->respond(x, &response), HYALITE_OK);
                           return HYALITE_FINAL;
                         }))
          .start();
  HookTalk talk(chain);
  talk.request(kPost);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  EXPECT_EQ(pipe.need(), BodyNeed::hold);
  EXPECT_EQ(pipe.feed("abc", false).kind, BodyStep::Kind::hold);
  EXPECT_EQ(pipe.held(), 3u);
  const BodyStep step = pipe.feed("def", true);
  EXPECT_EQ(step.kind, BodyStep::Kind::decided);
  EXPECT_TRUE(step.output.empty());
  EXPECT_EQ(std::get<Respond>(talk.exchange.decision().what).status, 403u);
}

TEST(BodyPipe, DoesNotLetTheHeadBeEditedWhenItIsGone) {
  ScriptedChain scripted;
  Chain& chain =
      scripted
          .add(with_body(wants(HYALITE_BODY_STREAM),
                         [&](hyalite_exchange* x, hyalite_window*, const hyalite_window_view*) {
                           EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0,
                                                      abi(std::string_view("X")),
                                                      abi(std::string_view("1")), 0),
                                     HYALITE_E_LATE);
                           return HYALITE_CONTINUE;
                         }))
          .start();
  send(chain, whole());
}

// ---- the cursor

TEST(BodyPipe, TheCursorGoesThroughOnce) {
  ScriptedChain scripted;
  Chain& chain =
      scripted
          .add(with_body(
              wants(HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 4),
              [&](hyalite_exchange*, hyalite_window* window, const hyalite_window_view* view) {
                if (is_last(view)) {
                  EXPECT_EQ(bodies->keep(window, 1), HYALITE_E_INVALID);
                  return HYALITE_CONTINUE;
                }
                EXPECT_EQ(bodies->pass(window, 27), HYALITE_E_INVALID);
                EXPECT_EQ(bodies->pass(window, 2), HYALITE_OK);
                EXPECT_EQ(bodies->drop(window, 20), HYALITE_OK);
                EXPECT_EQ(bodies->keep(window, 5), HYALITE_E_INVALID);
                EXPECT_EQ(bodies->keep(window, 3), HYALITE_OK);
                EXPECT_EQ(bodies->pass(window, 2), HYALITE_E_INVALID);
                EXPECT_EQ(bodies->pass(window, 1), HYALITE_OK);
                hyalite_bytes out{};
                EXPECT_EQ(bodies->flat(window, 20, 6, &out), HYALITE_OK);
                EXPECT_EQ(bodies->flat(window, 20, 7, &out), HYALITE_E_INVALID);
                EXPECT_EQ(bodies->flat(window, 27, 0, &out), HYALITE_E_INVALID);
                return HYALITE_CONTINUE;
              }))
          .start();
  EXPECT_EQ(send(chain, {{{std::string(kText)}}, true}).out, "a  a c");
  ScriptedChain again;
  Chain& other =
      again
          .add(with_body(
              wants(HYALITE_BODY_STREAM, 0, 4),
              [&](hyalite_exchange*, hyalite_window* window, const hyalite_window_view* view) {
                EXPECT_EQ(bodies->keep(window, 5),
                          is_last(view) ? HYALITE_E_INVALID : HYALITE_E_LIMIT);
                return HYALITE_CONTINUE;
              }))
          .start();
  EXPECT_EQ(send(other, {{{std::string(kText)}}, true}).out, kText);
}

}  // namespace
}  // namespace hyalite

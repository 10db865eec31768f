// Raw bytes on their way through plugins.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <gtest/gtest.h>

#include "unit/plugin/piped.h"

namespace hyalite {
namespace {

Script with_stream(const hyalite_body_options& options,
                   std::function<hyalite_verdict(hyalite_flow*, hyalite_direction, hyalite_window*,
                                                 const hyalite_window_view*)>
                       data) {
  Script script;
  script.flow_open = [options](hyalite_flow* flow, void*) {
    EXPECT_EQ(flows->stream_interest(flow, HYALITE_REQUEST, &options), HYALITE_OK);
    EXPECT_EQ(flows->stream_interest(flow, HYALITE_RESPONSE, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.data = std::move(data);
  return script;
}

TEST(StreamPipe, ShowsRawBytesInBothDirections) {
  for (const BodyCut& cut : all_cuts(kText)) {
    std::string diary;
    const auto by = [&](const std::string& who) {
      return with_stream(wants(HYALITE_BODY_TAP),
                         [&diary, who](hyalite_flow*, hyalite_direction direction, hyalite_window*,
                                       const hyalite_window_view* view) {
                           if (is_last(view)) diary += who + std::to_string(direction);
                           return HYALITE_CONTINUE;
                         });
    };
    ScriptedChain scripted;
    Chain& chain = scripted.add(by("a")).add(by("b")).start();
    HookTalk talk(chain);
    EXPECT_TRUE(talk.flow.wants_stream(Direction::request));
    BodyPipe up = chain.stream(talk.flow, Direction::request),
             down = chain.stream(talk.flow, Direction::response);
    EXPECT_EQ(pump(up, cut).out, kText);
    EXPECT_EQ(pump(down, cut).out, kText);
    EXPECT_EQ(diary, "a0b0b1a1");
  }
}

TEST(StreamPipe, LetsEverythingPassInOrderWhenOneDecidesSo) {
  for (std::size_t decider = 0; decider < 3; ++decider) {
    for (const BodyCut& cut : all_cuts(kText)) {
      ScriptedChain scripted;
      int calls = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        scripted.add(with_stream(wants(HYALITE_BODY_STREAM, 0, 3),
                                 [&, i](hyalite_flow* flow, hyalite_direction,
                                        hyalite_window* window, const hyalite_window_view* view) {
                                   if (!is_last(view))
                                     bodies->keep(window, std::min<std::uint64_t>(3, view->length));
                                   if (i != decider || ++calls < 2) return HYALITE_CONTINUE;
                                   EXPECT_EQ(flows->pass_through(flow, {}), HYALITE_OK);
                                   return HYALITE_FINAL;
                                 }));
      }
      Chain& chain = scripted.start();
      HookTalk talk(chain);
      BodyPipe up = chain.stream(talk.flow, Direction::request),
               down = chain.stream(talk.flow, Direction::response);
      EXPECT_EQ(down.feed("ab", false).size, 0u);
      std::string out;
      bool decided = false;
      for (std::size_t f = 0; f < cut.feeds.size(); ++f) {
        std::vector<Bytes> content(cut.feeds[f].begin(), cut.feeds[f].end());
        if (decided) {
          for (const Bytes& piece : content) out += piece;
          continue;
        }
        const BodyStep step = up.feed(content, f + 1 == cut.feeds.size());
        for (const Bytes& piece : step.output) out += piece;
        decided = step.kind == BodyStep::Kind::decided;
      }
      ASSERT_EQ(out, kText);
      if (!decided) continue;
      std::string rest;
      for (const Bytes& piece : down.release().output) rest += piece;
      EXPECT_EQ(rest, "ab");
      EXPECT_EQ(up.held() + down.held(), 0u);
    }
  }
}

TEST(StreamPipe, ResetsAFlowInTheMiddle) {
  ScriptedChain scripted;
  Chain& chain = scripted
                     .add(with_stream(wants(HYALITE_BODY_STREAM),
                                      [](hyalite_flow* flow, hyalite_direction, hyalite_window*,
                                         const hyalite_window_view*) {
                                        EXPECT_EQ(flows->reset(flow, abi(std::string_view("bad"))),
                                                  HYALITE_OK);
                                        return HYALITE_FINAL;
                                      }))
                     .start();
  HookTalk talk(chain);
  BodyPipe pipe = chain.stream(talk.flow, Direction::request);
  const BodyStep step = pipe.feed("x", false);
  EXPECT_EQ(step.kind, BodyStep::Kind::decided);
  EXPECT_TRUE(step.output.empty());
  EXPECT_TRUE(std::holds_alternative<Reset>(talk.flow.decision().what));
}

TEST(StreamPipe, CannotHoldAWholeTunnel) {
  ScriptedChain scripted;
  Script script;
  script.flow_open = [](hyalite_flow* flow, void*) {
    const auto options = wants(HYALITE_BODY_FULL);
    EXPECT_EQ(flows->stream_interest(flow, HYALITE_REQUEST, &options), HYALITE_E_INVALID);
    return HYALITE_CONTINUE;
  };
  script.data = [](hyalite_flow*, hyalite_direction, hyalite_window*, const hyalite_window_view*) {
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  EXPECT_FALSE(talk.flow.wants_stream(Direction::request));
  EXPECT_EQ(chain.stream(talk.flow, Direction::request).need(), BodyNeed::none);
}

}  // namespace
}  // namespace hyalite

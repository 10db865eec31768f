// Bodies on their way through plugins: the same comes out however they were cut.
// SPDX-License-Identifier: MIT
#include "plugin/body_pipe.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

#include "http/writer.h"
#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

const hyalite_host_http* const http = http_table();
const hyalite_host_flow* const flows = flow_table();
const hyalite_host_body* const bodies = body_table();

constexpr std::string_view kPost = "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\n";
constexpr std::string_view kText = "a cat, a ca, cacat and a c";

using BodyHook =
    std::function<hyalite_verdict(hyalite_exchange*, hyalite_window*, const hyalite_window_view*)>;

hyalite_body_options wants(std::uint32_t mode, std::uint32_t flags = 0,
                           std::uint32_t keep_max = 0) {
  hyalite_body_options options{};
  options.size = sizeof options;
  options.mode = mode;
  options.flags = flags;
  options.keep_max = keep_max;
  return options;
}
hyalite_body_options wants_full(std::uint64_t cap,
                                std::uint32_t overflow = HYALITE_OVERFLOW_DEGRADE) {
  hyalite_body_options options = wants(HYALITE_BODY_FULL);
  options.cap = cap;
  options.overflow = overflow;
  return options;
}

Script with_body(const hyalite_body_options& options, BodyHook hook) {
  Script script;
  script.request_head = [options](hyalite_exchange* x, const hyalite_headers*, void*) {
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.request_body = std::move(hook);
  return script;
}

std::string flat(hyalite_window* window, const hyalite_window_view* view) {
  hyalite_bytes out{};
  EXPECT_EQ(bodies->flat(window, 0, view->length, &out), HYALITE_OK);
  return std::string(hyalite::view(out));
}

bool is_last(const hyalite_window_view* view) { return (view->flags & HYALITE_WINDOW_END) != 0; }

// ---- how a body may be cut: pieces per feed, and whether the end comes alone

struct Cut {
  std::vector<std::vector<std::string>> feeds;
  bool end_alone = false;
};

std::vector<Cut> all_cuts(std::string_view text) {
  std::vector<Cut> cuts;
  for (const bool end_alone : {false, true}) {
    cuts.push_back({{{std::string(text)}}, end_alone});
    for (std::size_t at = 1; at < text.size(); ++at) {
      const std::string a(text.substr(0, at)), b(text.substr(at));
      cuts.push_back({{{a}, {b}}, end_alone});
      cuts.push_back({{{a, b}}, end_alone});
    }
    Cut bytes{{}, end_alone};
    for (const char c : text) bytes.feeds.push_back({std::string(1, c)});
    cuts.push_back(bytes);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    Cut cut{{}, random() % 2 == 0};
    for (std::size_t at = 0; at < text.size();) {
      std::vector<std::string> feed;
      for (std::size_t pieces = random() % 3; pieces + 1 > 0 && at < text.size(); --pieces) {
        const std::size_t n = random() % 7;
        feed.emplace_back(text.substr(at, n));
        at += feed.back().size();
        if (pieces == 0) break;
      }
      cut.feeds.push_back(feed);
    }
    cuts.push_back(cut);
  }
  return cuts;
}

// What came of a body.
struct Passed {
  std::string out;
  bool decided = false;
  bool ended = false;
  bool head_waited = false;              // some step said hold
  std::optional<std::size_t> announced;  // the size known when a held head went
  BodyNeed need_then = BodyNeed::none;   // what was needed when the head went
  bool operator==(const Passed&) const = default;
};

// Feeds a pipe as the flow room would; what was fed dies right after the feed, as it does there.
Passed pump(BodyPipe& pipe, const Cut& cut) {
  Passed passed;
  bool head_gone = pipe.need() != BodyNeed::hold;
  passed.need_then = pipe.need();
  const auto feed = [&](const std::vector<std::string>& pieces, bool end) {
    auto copies = std::make_unique<std::vector<std::string>>(pieces);
    std::vector<Bytes> content(copies->begin(), copies->end());
    const BodyStep step = pipe.feed(content, end);
    if (step.kind == BodyStep::Kind::hold) passed.head_waited = true;
    if (step.kind == BodyStep::Kind::decided) passed.decided = true;
    if (step.kind != BodyStep::Kind::forward) return !passed.decided;
    if (!head_gone) {
      head_gone = true;
      passed.need_then = pipe.need();
      if (step.end) passed.announced = step.size;
    }
    std::size_t size = 0;
    for (const Bytes& piece : step.output) passed.out += piece, size += piece.size();
    EXPECT_EQ(size, step.size);
    passed.ended = step.end;
    return true;
  };
  for (std::size_t i = 0; i < cut.feeds.size(); ++i) {
    if (!feed(cut.feeds[i], !cut.end_alone && i + 1 == cut.feeds.size())) return passed;
  }
  if (cut.end_alone) feed({}, true);
  return passed;
}

Passed send(Chain& chain, const Cut& cut) {
  Talk talk(chain);
  EXPECT_EQ(talk.request(kPost), Answer::go_on);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  return pump(pipe, cut);
}

Cut whole(std::string_view text = kText) { return {{{std::string(text)}}, false}; }

// Every "cat" becomes `by`, whereever it was cut.
BodyHook replaces_cats(const std::string& by) {
  return [by](hyalite_exchange*, hyalite_window* window, const hyalite_window_view* view) {
    const std::string text = flat(window, view);
    std::size_t at = 0;
    for (std::size_t found; (found = text.find("cat", at)) != std::string::npos; at = found + 3) {
      EXPECT_EQ(bodies->pass(window, found - at), HYALITE_OK);
      EXPECT_EQ(bodies->drop(window, 3), HYALITE_OK);
      EXPECT_EQ(bodies->write(window, abi(by)), HYALITE_OK);
    }
    if (is_last(view)) return HYALITE_CONTINUE;
    const std::string rest = text.substr(at);
    for (const std::string_view beginning : {"ca", "c"}) {
      if (!rest.ends_with(beginning)) continue;
      EXPECT_EQ(bodies->keep(window, beginning.size()), HYALITE_OK);
      break;
    }
    return HYALITE_CONTINUE;
  };
}

// ---- one plugin

TEST(BodyPipe, NeedsNothingWhenNobodyAsks) {
  ScriptedChain scripted;
  Script script;
  script.request_body = [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
    return ADD_FAILURE(), HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  Talk talk(chain);
  talk.request(kPost);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  EXPECT_EQ(pipe.need(), BodyNeed::none);
  const BodyStep step = pipe.feed("abc", true);
  EXPECT_EQ(step.size, 3u);
  EXPECT_EQ(step.output[0], "abc");
  EXPECT_TRUE(step.end);
}

TEST(BodyPipe, ShowsATapEveryByteOnce) {
  for (const Cut& cut : all_cuts(kText)) {
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
  for (const Cut& cut : all_cuts(kText)) {
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
  for (const Cut& cut : all_cuts(kText)) {
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
  for (const Cut& cut : all_cuts(kText)) {
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
  Talk talk(chain);
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

// ---- too large

TEST(BodyPipe, SkipsABodyThatIsTooLarge) {
  for (const Cut& cut : all_cuts(kText)) {
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
  for (const Cut& cut : all_cuts(kText)) {
    ScriptedChain scripted;
    Chain& chain =
        scripted
            .add(with_body(wants_full(10, HYALITE_OVERFLOW_REJECT),
                           [](hyalite_exchange*, hyalite_window*, const hyalite_window_view*) {
                             return ADD_FAILURE(), HYALITE_CONTINUE;
                           }))
            .start();
    Talk talk(chain);
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
  for (const Cut& cut : all_cuts(kText)) {
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
  for (const Cut& cut : all_cuts(kText)) EXPECT_EQ(send(chain, cut).out, kText);
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
  Talk one(chain), other(chain);
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
  Chain& chain = scripted.add(with_body(wants_full(0), [](auto...) { return HYALITE_CONTINUE; })).start();
  Talk one(chain), other(chain);
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
    EXPECT_EQ(first.feed("defghijk", false).kind, BodyStep::Kind::forward) << "content has no room beside it";
  }
  EXPECT_TRUE(second.has_room_besides(1'000)) << "it went with its pipe";
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
    Talk talk(chain);
    talk.request(kPost);
    BodyPipe pipe = chain.body(talk.exchange, Direction::request);
    EXPECT_EQ(pipe.feed(std::string(900, 'x'), false).kind, BodyStep::Kind::hold);
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

// ---- several plugins

TEST(BodyPipe, GoesThroughAllPluginsInOrder) {
  for (const Cut& cut : all_cuts(kText)) {
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
  for (const Cut& cut : all_cuts(kText)) {
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
  Talk talk(chain);
  talk.request(kGet);
  talk.response(kOk);
  chain.body(talk.exchange, Direction::response).feed("body", true);
  EXPECT_EQ(diary, "ba");
}

// ---- plugins that fail, leave, or want less

TEST(BodyPipe, PassesTheRestUntouchedWhenAPluginFailsOpen) {
  for (const auto mode : {HYALITE_BODY_TAP, HYALITE_BODY_STREAM, HYALITE_BODY_FULL}) {
    for (int good_calls = 0; good_calls < 3; ++good_calls) {
      for (const Cut& cut : all_cuts(kText)) {
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
      Talk talk(chain);
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
    for (const Cut& cut : all_cuts(kText)) {
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
                options = wants(HYALITE_BODY_NONE);
                EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
                return HYALITE_CONTINUE;
              }))
          .start();
  Talk talk(chain);
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
  Talk(chain).request(kPost);
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
  Talk talk(chain);
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

// ---- raw bytes

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
  for (const Cut& cut : all_cuts(kText)) {
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
    Talk talk(chain);
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
    for (const Cut& cut : all_cuts(kText)) {
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
      Talk talk(chain);
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
  Talk talk(chain);
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
  Talk talk(chain);
  EXPECT_FALSE(talk.flow.wants_stream(Direction::request));
  EXPECT_EQ(chain.stream(talk.flow, Direction::request).need(), BodyNeed::none);
}

}  // namespace
}  // namespace hyalite

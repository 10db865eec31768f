// A body on its way through a chain of scripted plugins, cut in every way.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/body_pipe.h"
#include "unit/plugin/scripted.h"

namespace hyalite {

inline const hyalite_host_http* const http = http_table();
inline const hyalite_host_flow* const flows = flow_table();
inline const hyalite_host_body* const bodies = body_table();

inline constexpr std::string_view kPost =
    "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\n";
inline constexpr std::string_view kText = "a cat, a ca, cacat and a c";

using BodyHook =
    std::function<hyalite_verdict(hyalite_exchange*, hyalite_window*, const hyalite_window_view*)>;

inline hyalite_body_options wants(std::uint32_t mode, std::uint32_t flags = 0,
                                  std::uint32_t keep_max = 0) {
  hyalite_body_options options{};
  options.size = sizeof options;
  options.mode = mode;
  options.flags = flags;
  options.keep_max = keep_max;
  return options;
}
inline hyalite_body_options wants_full(std::uint64_t cap,
                                       std::uint32_t overflow = HYALITE_OVERFLOW_DEGRADE) {
  hyalite_body_options options = wants(HYALITE_BODY_FULL);
  options.cap = cap;
  options.overflow = overflow;
  return options;
}

inline Script with_body(const hyalite_body_options& options, BodyHook hook) {
  Script script;
  script.request_head = [options](hyalite_exchange* x, const hyalite_headers*, void*) {
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.request_body = std::move(hook);
  return script;
}

inline std::string flat(hyalite_window* window, const hyalite_window_view* view) {
  hyalite_bytes out{};
  EXPECT_EQ(bodies->flat(window, 0, view->length, &out), HYALITE_OK);
  return std::string(hyalite::view(out));
}

inline bool is_last(const hyalite_window_view* view) {
  return (view->flags & HYALITE_WINDOW_END) != 0;
}

// ---- how a body may be cut: pieces per feed, and whether the end comes alone

struct BodyCut {
  std::vector<std::vector<std::string>> feeds;
  bool end_alone = false;
};

inline std::vector<BodyCut> all_cuts(std::string_view text) {
  std::vector<BodyCut> cuts;
  for (const bool end_alone : {false, true}) {
    cuts.push_back({{{std::string(text)}}, end_alone});
    for (std::size_t at = 1; at < text.size(); ++at) {
      const std::string a(text.substr(0, at)), b(text.substr(at));
      cuts.push_back({{{a}, {b}}, end_alone});
      cuts.push_back({{{a, b}}, end_alone});
    }
    BodyCut bytes{{}, end_alone};
    for (const char c : text) bytes.feeds.push_back({std::string(1, c)});
    cuts.push_back(bytes);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    BodyCut cut{{}, random() % 2 == 0};
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
inline Passed pump(BodyPipe& pipe, const BodyCut& cut) {
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

inline Passed send(Chain& chain, const BodyCut& cut) {
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kPost), Answer::go_on);
  BodyPipe pipe = chain.body(talk.exchange, Direction::request);
  return pump(pipe, cut);
}

inline BodyCut whole(std::string_view text = kText) { return {{{std::string(text)}}, false}; }

// Every "cat" becomes `by`, whereever it was cut.
inline BodyHook replaces_cats(const std::string& by) {
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

}  // namespace hyalite

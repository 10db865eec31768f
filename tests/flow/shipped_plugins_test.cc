// The plugins that come with Hyalite, in the engine: whatever way the network cuts what is said, they do the same.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "flow/inspecting.h"
#include "tests/support/playbook.h"
#include "tests/unit/plugin/loaded.h"
#include "tests/unit/plugin/scratch.h"

namespace hyalite {
namespace {

// What was said and what came of it.
struct Scene {
  std::string to_upstream, to_client, record;
  bool connected = false;
};

// How a text is given: all at once (0), cut at one place, or byte by byte.
constexpr std::size_t kDrips = SIZE_MAX;
void say(Playbook& talk, Side side, std::string_view text, std::size_t cut) {
  if (cut == kDrips) return void(talk.drips(side, text));
  for (const std::string_view part : {text.substr(0, cut), text.substr(std::min(cut, text.size()))}) {
    if (!part.empty()) side == Side::client ? talk.client(part) : talk.upstream(part);
  }
}

// The chain, loaded once for all conversations of a test.
class Theatre {
 public:
  Theatre() : loaded_(
      "  - { name: audit, use: http-logger, settings: { file: " + scratch_.path() + "/log, flows: none, request_headers: [ Cookie, X-Debug ], response_headers: [ Server ] } }\n"
      "  - name: ads\n    use: blocker\n    settings: { hosts: [ ads.example ], urls: [ h.example/ads/ ], content_types: [ \"video/*\" ] }\n"
      "  - name: headers\n    use: header-rewriter\n    settings:\n"
      "      request: [ { remove: X-Debug }, { rename: X-Old, to: X-New }, { replace: Referer, pattern: \"[?].*\", with: \"\" } ]\n"
      "      response: [ { remove: Server, when: { status: [ 2xx ] } } ]\n") {
    EXPECT_TRUE(loaded_.worked()) << loaded_.mistakes;
    chain_ = &loaded_.start();
    settings_.listeners.emplace_back();
  }

  Scene play(std::string_view request, std::string_view response, std::size_t cut) {
    ManualClock clock;
    Layout layout;
    const auto places = TallyPlaces::declare(layout);
    std::vector<std::uint64_t> cells(layout.cells());
    Tally tally(MetricRow(cells.data(), layout), places);
    const Bypass bypass{BypassSettings{}};
    FlowFile file(some_flow(), 0, ArrivalMode::transparent);
    FlowSubject& flow = file.subject;
    ExchangePool pool{0};
    Log log{LogLevel::error, [](std::string_view) {}};
    const InspectingNeeds needs{*chain_, HttpRules(settings_, settings_.listeners[0]), bypass, clock, tally, log, pool};
    chain_->flow_open(flow);
    flow.set_protocol(Protocol::http1);
    Scene scene;
    {
      Playbook talk(std::make_unique<Inspecting>(needs, file));
      say(talk, Side::client, request, cut);
      scene.connected = talk.connecting();
      if (scene.connected) {
        talk.connected();
        scene.to_upstream = talk.sent(Side::upstream);
        say(talk, Side::upstream, response, cut);
      }
      scene.to_client = talk.sent(Side::client);
      talk.stage().on_closing(CloseReason::finished);
    }
    chain_->flow_close(flow, {});
    return scene;
  }

  // The records of all that was played; the last call.
  std::vector<std::string> records() {
    chain_->stop();
    std::vector<std::string> lines;
    const std::string text = read_file(scratch_.path() + "/log");
    for (const std::string_view line : split(text, '\n')) {
      if (!line.empty()) lines.emplace_back(line);
    }
    return lines;
  }

 private:
  const Scratch scratch_;
  Loaded loaded_;
  Chain* chain_ = nullptr;
  Settings settings_;
};

// The same in every way of cutting it in two, and byte by byte; gives what it is.
Scene play_in_every_way(std::string_view request, std::string_view response) {
  Theatre theatre;
  Scene whole = theatre.play(request, response, 0);
  const std::size_t longest = std::max(request.size(), response.size());
  for (std::size_t cut = 1; cut <= longest; ++cut) {
    const Scene other = theatre.play(request, response, cut == longest ? kDrips : cut);
    EXPECT_EQ(other.connected, whole.connected) << cut;
    EXPECT_EQ(other.to_upstream, whole.to_upstream) << cut;
    EXPECT_EQ(other.to_client, whole.to_client) << cut;
  }
  const auto records = theatre.records();
  EXPECT_EQ(records.size(), longest + 1);
  for (const std::string& record : records) EXPECT_EQ(record, records[0]);
  whole.record = records.empty() ? "" : records[0];
  return whole;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nServer: s/1\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";

TEST(ShippedPlugins, EditAndRecordWhatPasses) {
  const Scene scene = play_in_every_way(
      "GET /a?token=geheim HTTP/1.1\r\nHost: h.example\r\nX-Debug: 1\r\nReferer: http://r/?q=1\r\nX-Old: o\r\nCookie: a=geheim\r\n\r\n", kAnswer);
  EXPECT_EQ(scene.to_upstream, "GET /a?token=geheim HTTP/1.1\r\nHost: h.example\r\nReferer: http://r/\r\nCookie: a=geheim\r\nX-New: o\r\n\r\n");
  EXPECT_EQ(scene.to_client, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(has(scene.record, "\"x-debug\":[\"1\"]")) << scene.record;
  EXPECT_TRUE(has(scene.record, "\"referrer\":\"http://r/?q=1\""));
  EXPECT_FALSE(has(scene.record, "geheim"));
}

TEST(ShippedPlugins, BlockAHostWithAPageAndAskNobody) {
  const Scene scene = play_in_every_way("GET / HTTP/1.1\r\nHost: www.Ads.example\r\n\r\n", "");
  EXPECT_FALSE(scene.connected);
  EXPECT_TRUE(has(scene.to_client, "HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_TRUE(has(scene.to_client, "<strong>www.Ads.example</strong>"));
  EXPECT_TRUE(has(scene.record, "\"end\":\"blocked\"")) << scene.record;
  EXPECT_TRUE(has(scene.record, "\"decided_by\":\"ads\",\"decision\":\"ads.example (hosts)\""));
}

TEST(ShippedPlugins, BlockAUrlThatIsWrittenInAnotherWay) {
  const Scene scene = play_in_every_way("GET /x/..//%61ds/1 HTTP/1.1\r\nHost: h.example\r\n\r\n", "");
  EXPECT_FALSE(scene.connected);
  EXPECT_TRUE(has(scene.record, "h.example/ads/ (urls)")) << scene.record;
}

TEST(ShippedPlugins, BlockAnUploadBeforeItsBody) {
  const Scene scene = play_in_every_way("POST / HTTP/1.1\r\nHost: ads.example\r\nContent-Length: 5\r\n\r\n", "");
  EXPECT_FALSE(scene.connected);
  EXPECT_TRUE(has(scene.to_client, "HTTP/1.1 403 "));
}

TEST(ShippedPlugins, BlockAResponseByItsTypeBeforeTheClientHasAnyOfIt) {
  const Scene scene = play_in_every_way("GET /film HTTP/1.1\r\nHost: h.example\r\n\r\n",
                                        "HTTP/1.1 200 OK\r\nContent-Type: Video/mp4\r\nContent-Length: 6\r\n\r\nsecret");
  EXPECT_TRUE(scene.connected);
  EXPECT_TRUE(has(scene.to_client, "HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_FALSE(has(scene.to_client, "secret"));
  EXPECT_TRUE(has(scene.record, "\"upstream_status\":200")) << scene.record;
  EXPECT_TRUE(has(scene.record, "video/* (content_types)"));
}

}  // namespace
}  // namespace hyalite

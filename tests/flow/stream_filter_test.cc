// Plugins that look at the bytes of a tunnel.
// SPDX-License-Identifier: MIT
#include "flow/stream_filter.h"

#include <gtest/gtest.h>

#include "tests/support/playbook.h"
#include "tests/unit/plugin/scripted.h"

namespace hyalite {
namespace {

const hyalite_host_flow* flow_host;
const hyalite_host_body* body_host;

struct StreamTalk : ::testing::Test {
  StreamTalk() {
    script.create = [](const hyalite_host* host) -> hyalite_status {
      flow_host = static_cast<const hyalite_host_flow*>(host->get_interface(host, HYALITE_HOST_FLOW_ID));
      body_host = static_cast<const hyalite_host_body*>(host->get_interface(host, HYALITE_HOST_BODY_ID));
      return HYALITE_OK;
    };
    script.flow_open = [](hyalite_flow* flow, void*) -> hyalite_verdict {
      const hyalite_body_options options{sizeof options, HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE, 0, 0, 64, 0};
      flow_host->stream_interest(flow, HYALITE_REQUEST, &options);
      flow_host->stream_interest(flow, HYALITE_RESPONSE, &options);
      return HYALITE_CONTINUE;
    };
  }
  ~StreamTalk() override { chain->flow_close(file->subject, {}); }

  Playbook talk() {
    chain = &scripted.add(std::move(script)).start();
    places = TallyPlaces::declare(layout);
    cells.assign(layout.cells(), 0);
    tally.emplace(MetricRow(cells.data(), layout), *places);
    file.emplace(some_flow(), 0, ArrivalMode::transparent);
    chain->flow_open(file->subject);
    return Playbook(std::make_unique<Tunnelling>(Uninspected::server_first, Seconds{60}, clock,
                                                 std::make_unique<StreamFilter>(*chain, *file, *tally)),
                    true);
  }

  Script script;
  ManualClock clock;
  Layout layout;
  std::optional<TallyPlaces> places;
  std::vector<std::uint64_t> cells;
  std::optional<Tally> tally;
  ScriptedChain scripted;
  std::optional<FlowFile> file;
  Chain* chain = nullptr;
};

TEST_F(StreamTalk, EditsBothWays) {
  script.data = [](hyalite_flow*, hyalite_direction, hyalite_window* window, const hyalite_window_view* view) -> hyalite_verdict {
    body_host->pass(window, view->length);
    if (view->length > 0) body_host->write(window, {"!", 1});
    return HYALITE_CONTINUE;
  };
  Playbook t = talk();
  t.client("ab").upstream("cd");
  EXPECT_EQ(t.sent(Side::upstream), "ab!");
  EXPECT_EQ(t.sent(Side::client), "cd!");
}

TEST_F(StreamTalk, ResetsBothSidesWhenToldTo) {
  script.data = [](hyalite_flow* flow, hyalite_direction, hyalite_window*, const hyalite_window_view*) -> hyalite_verdict {
    flow_host->reset(flow, {"no", 2});
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client("secret");
  EXPECT_EQ(t.sent(Side::upstream), "");
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::blocked);
  EXPECT_EQ(t.said<Close>()->upstream, Ending::reset);
}

TEST_F(StreamTalk, LosesNothingThatWasHeldWhenAPluginHasSeenEnough) {
  script.data = [](hyalite_flow* flow, hyalite_direction, hyalite_window* window, const hyalite_window_view* view) -> hyalite_verdict {
    hyalite_bytes all{};
    if (view->length > 0) body_host->flat(window, 0, view->length, &all);
    if (std::string_view(all.data, all.size).find("enough") == std::string_view::npos) {
      body_host->keep(window, view->length);
      return HYALITE_CONTINUE;
    }
    flow_host->pass_through(flow, {"seen", 4});
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.upstream("held back. ").client("this, too: ");
  EXPECT_EQ(t.sent(Side::client) + t.sent(Side::upstream), "");
  t.client("enough");
  EXPECT_EQ(t.sent(Side::upstream), "this, too: enough");
  EXPECT_EQ(t.sent(Side::client), "held back. ");
  EXPECT_TRUE(t.going());
  EXPECT_EQ(file->uninspected, Uninspected::plugin);
  t.client("unseen");
  EXPECT_EQ(t.sent(Side::upstream), "unseen");
}

TEST_F(StreamTalk, PassesTheEndOnWhenAPluginHasSeenEnoughAtTheEnd) {
  script.data = [](hyalite_flow* flow, hyalite_direction, hyalite_window*, const hyalite_window_view* view) -> hyalite_verdict {
    if (!(view->flags & HYALITE_WINDOW_END)) return HYALITE_CONTINUE;
    flow_host->pass_through(flow, {"ended", 5});
    return HYALITE_FINAL;
  };
  Playbook t = talk();
  t.client("bye").ends(Side::client);
  EXPECT_TRUE(t.ended(Side::upstream));
  t.ends(Side::upstream);
  ASSERT_TRUE(t.said<Close>());
  EXPECT_EQ(t.said<Close>()->reason, CloseReason::finished);
}

}  // namespace
}  // namespace hyalite

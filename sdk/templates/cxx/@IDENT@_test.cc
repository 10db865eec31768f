// @NAME@ in the real engine: no network, no root.
#include <gtest/gtest.h>
#include <hyalite/testing.hpp>

using namespace hyalite::testing;

TEST(@CLASS@, MarksRequests) {
  Bench bench(Plugin{HYALITE_PLUGIN_FILE, "mark: seen"});
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk talk(bench);
  talk.client(request("GET", "/"));
  EXPECT_EQ(talk.to_upstream(0).header("X-Marked"), "seen");
  talk.upstream(response(200, "hello\n"));
  EXPECT_EQ(talk.to_client(0).content, "hello\n");
  EXPECT_EQ(bench.count("@IDENT@_marked_total"), 1);
  EXPECT_EQ(bench.complaints(), "");
}

TEST(@CLASS@, DoesTheSameHoweverTheNetworkCutsWhatIsSaid) {
  Bench bench(Plugin{HYALITE_PLUGIN_FILE});
  const EveryWay every(bench, Script().client(request("POST", "/", {}, "body")).upstream(response(204)));
  EXPECT_TRUE(every) << every.difference();
}

TEST(@CLASS@, RefusesSettingsThatItDoesNotKnow) { EXPECT_FALSE(Bench(Plugin{HYALITE_PLUGIN_FILE, "colour: red"})); }

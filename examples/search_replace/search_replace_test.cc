// SPDX-License-Identifier: MIT
#include "examples_test.h"

namespace {

const Plugin kPlugin = example("search_replace", "{ search: banana, replace: kiwi }");

TEST(SearchReplace, FindsTheTextHoweverItIsCut) {
  Bench bench(kPlugin);
  ASSERT_TRUE(bench) << bench.mistakes();
  const Script script = Script().client(request("GET", "/")).upstream(chunked_response(200, {"a ban", "ana, bananabanana, bana"}, {{"Content-Type", "text/plain"}}));
  const EveryWay every(bench, script);
  EXPECT_TRUE(every) << every.difference();
  EXPECT_EQ(every.talk().to_client(0).content, "a kiwi, kiwikiwi, bana");
  EXPECT_EQ(bench.complaints(), "");
}

TEST(SearchReplace, LooksIntoWhatIsCompressed) {
  Bench bench(kPlugin);
  // "a banana" through gzip.
  const std::string coded("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x54\x48\x4a\xcc\x03\x42\x00\xbc\x80\x97\x04\x08\x00\x00\x00", 26);
  const EveryWay every(bench, Script().client(request("GET", "/")).upstream(response(200, coded, {{"Content-Type", "text/html"}, {"Content-Encoding", "gzip"}})));
  EXPECT_TRUE(every) << every.difference();
  EXPECT_EQ(every.talk().to_client(0).content, "a kiwi");
  EXPECT_FALSE(every.talk().to_client(0).has("Content-Encoding"));
}

TEST(SearchReplace, LeavesAloneWhatIsNoText) {
  Bench bench(kPlugin);
  const Talk talk = Script().client(request("GET", "/")).upstream(response(200, "banana", {{"Content-Type", "image/png"}})).play(bench);
  EXPECT_EQ(talk.to_client(), response(200, "banana", {{"Content-Type", "image/png"}}));
}

}  // namespace

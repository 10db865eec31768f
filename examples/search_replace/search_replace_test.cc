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

// "a banana, bananas, band" in each of them.
const std::pair<const char*, std::string> kCoded[] = {
    {"gzip", std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x54\x48\x4a\xcc\x03\x42\x1d\x28\x5d\x0c\x66\xa4\x00\x00\xda\x7f\xb2\x95\x17\x00\x00\x00", 33)},
    {"deflate", std::string("\x78\xda\x4b\x54\x48\x4a\xcc\x03\x42\x1d\x28\x5d\x0c\x66\xa4\x00\x00\x5d\x82\x07\xe4", 21)},
    {"br", std::string("\x1b\x16\x00\x00\x04\x1c\x72\xa4\xcd\x53\x79\x8b\x93\x5a\x91\x45\x1a\x49\x45\x16\x86\x34\x0a\x2b\xbf\x47\x01", 27)},
    {"zstd", std::string("\x28\xb5\x2f\xfd\x20\x17\xb9\x00\x00\x61\x20\x62\x61\x6e\x61\x6e\x61\x2c\x20\x62\x61\x6e\x61\x6e\x61\x73\x2c\x20\x62\x61\x6e\x64", 32)},
};

TEST(SearchReplace, LooksIntoWhatIsCompressedInWhateverWay) {
  Bench bench(kPlugin);
  for (const auto& [coding, coded] : kCoded) {
    const Headers headers = {{"Content-Type", "text/html"}, {"Content-Encoding", coding}, {"ETag", "\"strong\""}};
    const EveryWay every(bench, Script().client(request("GET", "/")).upstream(response(200, coded, headers)));
    EXPECT_TRUE(every) << coding << ": " << every.difference();
    EXPECT_EQ(every.talk().to_client(0).content, "a kiwi, kiwis, band") << coding;
    EXPECT_FALSE(every.talk().to_client(0).has("Content-Encoding")) << coding;
    EXPECT_EQ(every.talk().to_client(0).header("ETag"), "W/\"strong\"") << coding;
  }
  EXPECT_EQ(bench.complaints(), "");
}

TEST(SearchReplace, RefusesWhatIsNotWhatItsCodingSays) {
  Bench bench(kPlugin);
  for (const auto& [coding, coded] : kCoded) {
    const Headers headers = {{"Content-Type", "text/html"}, {"Content-Encoding", coding}};
    const Talk talk = Script().client(request("GET", "/")).upstream(response(200, "a banana, bananas, band", headers)).play(bench);
    EXPECT_EQ(talk.to_client().find("banana"), std::string::npos) << coding;
  }
}

TEST(SearchReplace, LooksIntoTheTypesThatItIsTold) {
  Bench bench(example("search_replace", "{ search: a, replace: oo, types: [ application/json ] }"));
  const auto shown = [&](const char* type) {
    return Script().client(request("GET", "/")).upstream(response(200, "banana", {{"Content-Type", type}})).play(bench).to_client(0).content;
  };
  EXPECT_EQ(shown("Application/JSON; charset=utf-8"), "boonoonoo");
  EXPECT_EQ(shown("text/plain"), "banana");
}

TEST(SearchReplace, LeavesAloneWhatIsNoText) {
  Bench bench(kPlugin);
  const Talk talk = Script().client(request("GET", "/")).upstream(response(200, "banana", {{"Content-Type", "image/png"}})).play(bench);
  EXPECT_EQ(talk.to_client(), response(200, "banana", {{"Content-Type", "image/png"}}));
}

}  // namespace

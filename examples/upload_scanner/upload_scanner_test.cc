// SPDX-License-Identifier: MIT
#include "examples_test.h"

namespace {

using namespace std::chrono_literals;

Plugin scanner(const std::string& at_once) {
  return example("upload_scanner", "{ signatures: [ EVIL, WORSE ], at_once_bytes: " + at_once + " }", "on_failure: closed");
}

TEST(UploadScanner, LetsNothingReachTheOriginBeforeItHasJudged) {
  Bench bench(scanner("1000"));
  ASSERT_TRUE(bench) << bench.mistakes();
  const EveryWay bad(bench, Script().client(request("POST", "/up", {}, "some EVIL thing")).upstream(response(204)));
  EXPECT_TRUE(bad) << bad.difference();
  EXPECT_EQ(bad.talk().to_client(0).status, 403u);
  EXPECT_EQ(bad.talk().ended().at(0).decision_reason, "it holds a signature");
  EXPECT_EQ(bad.talk().connections(), 0u);
  const EveryWay good(bench, Script().client(request("POST", "/up", {}, "a good thing")).upstream(response(204)));
  EXPECT_TRUE(good) << good.difference();
  EXPECT_EQ(good.talk().to_upstream(0).content, "a good thing");
  EXPECT_EQ(bench.complaints(), "");
}

TEST(UploadScanner, ScansLargeOnesOnAThread) {
  Bench bench(scanner("0"));
  for (const bool evil : {true, false}) {
    Talk talk(bench);
    talk.client(request("POST", "/up", {}, evil ? "WORSE" : "fine"));
    EXPECT_TRUE(bench.wait_until([&] { return talk.connected() || talk.to_client(0).exists(); }));
    EXPECT_EQ(talk.to_client(0).status, evil ? 403u : 0u);
    EXPECT_EQ(talk.to_upstream(0).content, evil ? "" : "fine");
  }
}

TEST(UploadScanner, RefusesWhatCannotBeHeld) {
  Bench bench(scanner("0"), "limits: { held_body_bytes: 4KiB }\n");
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk talk(bench);
  talk.client(request("POST", "/up", {}, std::string(5'000, 'x')));
  EXPECT_EQ(talk.to_client(0).status, 413u);
  EXPECT_FALSE(talk.connected());
}

TEST(UploadScanner, RefusesWhatItCannotDecode) {
  Bench bench(scanner("1000"));
  Talk talk(bench);
  talk.client(request("POST", "/up", {{"Content-Encoding", "compress"}}, "who knows"));
  EXPECT_EQ(talk.to_client(0).status, 415u);
  EXPECT_FALSE(talk.connected());
}

}  // namespace

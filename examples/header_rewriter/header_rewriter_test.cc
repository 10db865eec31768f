// SPDX-License-Identifier: MIT
#include "examples_test.h"

TEST(HeaderRewriter, TellsTheOriginWhoseRequestItIsAndHidesTheServer) {
  Bench bench(example("header_rewriter"));
  ASSERT_TRUE(bench) << bench.mistakes();
  Script script;
  script.client(request("GET", "/", {{"Host", "A.Corp:8080"}, {"X-Debug", "1"}})).upstream(response(200, "in", {{"Server", "s"}}));
  script.client(request("GET", "/", {{"Host", "a.example"}})).upstream(response(200, "out", {{"Server", "s"}}));
  const EveryWay every(bench, script);
  EXPECT_TRUE(every) << every.difference();
  EXPECT_EQ(every.talk().to_upstream(0).header("X-Tenant"), "corp");
  EXPECT_FALSE(every.talk().to_upstream(0).has("X-Debug"));
  EXPECT_EQ(every.talk().to_client(0).header("Server"), "s");
  EXPECT_EQ(every.talk().to_upstream(1).header("X-Tenant"), "public");
  EXPECT_FALSE(every.talk().to_client(1).has("Server"));
  EXPECT_EQ(bench.complaints(), "");
}

// SPDX-License-Identifier: MIT
#include "examples_test.h"

TEST(HelloPlugin, GreetsInCxxAndInC) {
  for (const auto& [name, settings, greeting] : {std::tuple("hello_plugin", "greeting: hi", "hi"), std::tuple("hello_plugin_c", "", "hello from C")}) {
    Bench bench(example(name, settings));
    ASSERT_TRUE(bench) << bench.mistakes();
    const EveryWay every(bench, Script().client(request("GET", "/")).upstream(response(204)));
    EXPECT_TRUE(every) << every.difference();
    EXPECT_EQ(every.talk().to_upstream(0).header("X-Hello"), greeting);
    EXPECT_EQ(bench.complaints(), "");
  }
}

// SPDX-License-Identifier: MIT
#include "examples_test.h"

namespace {

using namespace std::chrono_literals;

constexpr char kServices[] = "services: [ { name: look-up, address: \"127.0.0.1:8081\" } ]\n";

TEST(UrlLookup, LetsTheRequestWaitForTheServicesWord) {
  Bench bench(example("url_lookup", "within_ms: 500", "on_failure: closed"), kServices);
  ASSERT_TRUE(bench) << bench.mistakes();
  Talk blocked(bench), allowed(bench), late(bench);
  for (Talk* talk : {&blocked, &allowed, &late}) talk->client(request("GET", talk == &blocked ? "/bad" : "/good"));
  ASSERT_EQ(bench.questions().size(), 3u);
  EXPECT_TRUE(bench.answer(bench.questions()[0], {200, "block"}));
  EXPECT_TRUE(bench.answer(bench.questions()[0], {200, "allow"}));
  EXPECT_EQ(blocked.to_client(0).status, 403u);
  EXPECT_EQ(blocked.ended().at(0).note("url-lookup.opinion"), "block");
  EXPECT_EQ(allowed.to_upstream(0).target, "/good");
  bench.advance(500ms);
  EXPECT_EQ(late.to_client(0).status, 503u);
}

TEST(UrlLookup, RemembersForATime) {
  Bench bench(example("url_lookup", "remember_s: 60"), kServices);
  int asked = 0;
  bench.service("look-up", [&](const Question&) { return ++asked, Answer{200, "allow"}; });
  for (int i = 0; i < 3; ++i) Script().client(request("GET", "/x")).play(bench);
  EXPECT_EQ(asked, 1);
  Script().client(request("GET", "/y")).play(bench);
  EXPECT_EQ(asked, 2);
  bench.advance(61s);
  Script().client(request("GET", "/x")).play(bench);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(bench.complaints(), "");
}

}  // namespace

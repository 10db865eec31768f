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

TEST(UrlLookup, AsksAboutTheWholeUrlHoweverTheRequestNamesIt) {
  Bench bench(example("url_lookup"), kServices);
  std::string asked;
  bench.service("look-up", [&](const Question& question) { return asked = question.target, Answer{200, "allow"}; });
  Script().client(request("GET", "/a?b=c%20d", {{"Host", "x.example:8080"}})).play(bench);
  EXPECT_EQ(asked, "/?url=http%3A%2F%2Fx.example%3A8080%2Fa%3Fb%3Dc%2520d");
  Script().client(request("GET", "http://h.example/whole")).play(bench);
  EXPECT_EQ(asked, "/?url=http%3A%2F%2Fh.example%2Fwhole");
}

TEST(UrlLookup, RemembersNoMoreThanItIsTold) {
  Bench bench(example("url_lookup", "{ remember_s: 60, remember_bytes: 4096 }"), kServices);
  int asked = 0;
  bench.service("look-up", [&](const Question&) { return ++asked, Answer{200, "allow"}; });
  const auto ask = [&](const std::string& target) { Script().client(request("GET", target)).play(bench); };
  // What is asked for again and again stays; what is not, and what is too large, goes.
  for (int i = 0; i < 100; ++i) {
    ask("/often");
    ask("/" + std::to_string(i));
    ask("/" + std::string(3000, 'x'));
  }
  EXPECT_EQ(asked, 1 + 100 + 100);
  ask("/0");
  EXPECT_EQ(asked, 202);
  ask("/99");
  EXPECT_EQ(asked, 202);
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

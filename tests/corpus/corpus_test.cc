// Every case of the corpus, in every splitting, through the real stages and through the readers alone.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "http/parser.h"
#include "tests/corpus/judge.h"

namespace hyalite {
namespace {

using corpus::Case;

constexpr int kRandomSplittings = 8;

struct Count {
  std::size_t written = 0, variants = 0;
  void add(const Case& made) { ++(made.variant ? variants : written); }
};

Settings with_plugin(const char* file) {
  Settings settings;
  settings.plugins.emplace_back();
  settings.plugins[0].name = "plugin";
  settings.plugins[0].use = file;
  return settings;
}

struct World {
  Gateway plain;
  Gateway edited{with_plugin("corpus_editor"), HYALITE_CORPUS_PLUGINS};
  Gateway paused{with_plugin("corpus_pauser"), HYALITE_CORPUS_PLUGINS};
  std::uint64_t seed = 0;
  bool quick = std::getenv("HYALITE_CORPUS_QUICK") != nullptr;  // without the plugin that looks at every body
};

std::vector<Splitting> splittings(std::uint64_t seed) {
  std::vector<Splitting> all = {{Splitting::Kind::whole}, {Splitting::Kind::byte_by_byte}};
  std::mt19937_64 random(seed);
  for (int i = 0; i < kRandomSplittings; ++i) all.push_back({Splitting::Kind::random, random()});
  return all;
}

class CaseTest : public ::testing::Test {
 public:
  CaseTest(World& world, const Case& made) : world_(world), made_(made) {}

  void TestBody() override {
    want_none(judge_referee(made_), "as it is written");
    for (const Splitting& splitting : splittings(world_.seed)) {
      want_none(judge(made_.edits.empty() ? world_.plain : world_.edited, made_, splitting), splitting.text());
      want_none(judge_readers(made_, splitting), splitting.text() + ", readers alone");
      if (HasFailure()) return;
      if (!made_.edits.empty()) continue;
      want_none(judge(world_.paused, made_, splitting), splitting.text() + ", a plugin lets everything wait");
      if (world_.quick) continue;
      for (const char* wish : {"none", "tap", "stream", "resize", "full", "tap+trailers", "full+trailers"}) {
        want_none(judge_looked_at(world_.edited, made_, splitting, wish), splitting.text() + ", a plugin wants " + wish);
      }
      if (HasFailure()) return;
    }
  }

 private:
  void want_none(const std::string& wrong, const std::string& how) {
    if (wrong.empty()) return;
    ADD_FAILURE() << made_.file << ":" << made_.line << ": " << made_.name << " (" << how << ")\n  " << wrong;
  }

  World& world_;
  const Case& made_;
};

// "CL.TE" and "both lengths" as gtest has names.
std::string as_name(std::string text) {
  for (char& c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return text;
}

void add_test(World& world, const Case& made) {
  const std::string name = as_name(made.name) + (made.tested == corpus::Tested::request ? "" : "_response");
  ::testing::RegisterTest(as_name(made.section).c_str(), name.c_str(), nullptr, nullptr, made.file.c_str(), made.line,
                          [&world, &made]() -> CaseTest* { return new CaseTest(world, made); });
}

void tell(const std::vector<Case>& cases, std::uint64_t seed) {
  Count all, requests, responses, edits, unusual, stricter;
  for (const Case& made : cases) {
    all.add(made);
    const bool of_request = made.tested == corpus::Tested::request;
    (!made.edits.empty() ? edits : of_request ? requests : responses).add(made);
    const bool passes = made.verdict.kind == corpus::Verdict::Kind::pass || made.verdict.kind == corpus::Verdict::Kind::tunnel;
    if (made.unusual && passes) unusual.add(made);
    if (!made.stricter.empty()) stricter.add(made);
  }
  const auto line = [](const char* what, const Count& count) {
    std::printf("  %-44s %4zu written %5zu variants\n", what, count.written, count.variants);
  };
  std::printf("The corpus (llhttp %s; HYALITE_CORPUS_SEED=%llu for the same splittings):\n", std::string(llhttp_version()).c_str(),
              static_cast<unsigned long long>(seed));
  line("cases", all);
  line("of requests", requests);
  line("of responses", responses);
  line("of edits by plugins", edits);
  line("valid but unusual, to be passed", unusual);
  line("where we are stricter than the RFC", stricter);
}

}  // namespace
}  // namespace hyalite

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const char* given = std::getenv("HYALITE_CORPUS_SEED");
  hyalite::World world;
  for (const hyalite::Gateway* gateway : {&world.edited, &world.paused}) {
    if (gateway->mistakes().empty()) continue;
    std::fputs(hyalite::text_of(gateway->mistakes()).c_str(), stderr);
    return 1;
  }
  if (const char* wanted = std::getenv("HYALITE_LLHTTP"); wanted != nullptr && wanted != hyalite::llhttp_version()) {
    std::fprintf(stderr, "This is llhttp %s, not %s\n", std::string(hyalite::llhttp_version()).c_str(), wanted);
    return 1;
  }
  world.seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  const auto cases = corpus::read_corpus(HYALITE_SOURCE_DIR "/tests/corpus");
  for (const corpus::Case& made : cases) hyalite::add_test(world, made);
  hyalite::tell(cases, world.seed);
  return RUN_ALL_TESTS();
}

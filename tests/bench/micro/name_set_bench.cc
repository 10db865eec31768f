// How long it takes to look a host name up, by the number of names: beside the library's own set,
// in the same run. SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <hyalite/cpp/name_set.hpp>

#include <random>
#include <string>
#include <unordered_set>
#include <vector>

namespace {

std::string name_of(std::size_t i) {
  return "host-" + std::to_string(i * 2654435761u % 4294967291u) + ".ads.example";
}

// What is asked for: as often listed as not, below and beside what is listed, and always another
// one.
std::vector<std::string> questions(std::size_t names) {
  std::mt19937 random(1);
  std::vector<std::string> asked(1 << 13);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::string listed = name_of(random() % names);
    asked[i] = i % 4 == 0   ? listed
               : i % 4 == 1 ? "www." + listed
               : i % 4 == 2 ? "x" + listed
                            : "www.site-" + std::to_string(i) + ".example";
  }
  return asked;
}

void NameSet(benchmark::State& state) {
  const auto names = static_cast<std::size_t>(state.range(0));
  hyalite::NameSet::Builder builder;
  for (std::size_t i = 0; i < names; ++i)
    builder.add(hyalite::HostName(name_of(i)).text(), hyalite::NameSet::with_subdomains, 1);
  const hyalite::NameSet set = std::move(builder).build();
  const auto asked = questions(names);
  std::size_t i = 0, found = 0;
  for (auto _ : state)
    found += set.find(hyalite::HostName(asked[i++ & 0x1fff]).text()).has_value() ? 1u : 0u;
  benchmark::DoNotOptimize(found);
  state.counters["bytes_per_name"] = static_cast<double>(set.bytes()) / static_cast<double>(names);
}
BENCHMARK(NameSet)->Arg(1'000)->Arg(100'000)->Arg(1'000'000)->Arg(4'000'000);

// The same with std::unordered_set, one look-up for the name and one for each name above it.
void UnorderedSet(benchmark::State& state) {
  const auto names = static_cast<std::size_t>(state.range(0));
  std::unordered_set<std::string> set;
  for (std::size_t i = 0; i < names; ++i) set.insert(name_of(i));
  const auto asked = questions(names);
  std::size_t i = 0, found = 0;
  for (auto _ : state) {
    const hyalite::HostName name(asked[i++ & 0x1fff]);
    for (std::string_view at = name.text();;) {
      if (set.count(std::string(at)) > 0) {
        ++found;
        break;
      }
      const auto dot = at.find('.');
      if (dot == std::string_view::npos) break;
      at.remove_prefix(dot + 1);
    }
  }
  benchmark::DoNotOptimize(found);
}
BENCHMARK(UnorderedSet)->Arg(1'000)->Arg(1'000'000);

// Building it, per name.
void Build(benchmark::State& state) {
  const auto names = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    hyalite::NameSet::Builder builder;
    for (std::size_t i = 0; i < names; ++i)
      builder.add(hyalite::HostName(name_of(i)).text(), hyalite::NameSet::with_subdomains, 1);
    benchmark::DoNotOptimize(std::move(builder).build().size());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(names) * state.iterations());
}
BENCHMARK(Build)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
BENCHMARK_MAIN();

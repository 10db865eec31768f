// Loading a plugin, and making instances of it.
// SPDX-License-Identifier: MIT
#include <cstring>

#include "check/checks.h"
#include "check/process_state.h"
#include "check/scene.h"
#include "plugin/instance.h"
#include "settings/json.h"

namespace hyalite {

namespace {

constexpr std::int64_t kLongLoad = 1'000'000'000;  // ns of processor time

void judge_state(Workbench& bench, const ProcessState& before, const char* by) {
  for (const std::string& change : before.changes_to(ProcessState::now()))
    bench.fail(change + " by " + by, "before start nothing may begin: workers are forked, and all plugins share the process");
}

// ---- settings that are not quite those that were given

std::string object_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string text = "{";
  for (const auto& [name, value] : members) text += (text.size() > 1 ? "," : "") + json_string(name) + ":" + value;
  return text + "}";
}

std::vector<std::string> varied(const std::string& json) {
  std::vector<std::string> all{"{}", R"({"":""})", R"({"an-unknown-name":1})"};
  const auto document = JsonDocument::parse(json);
  if (!document) return all;
  const JsonView root = document->root();
  std::vector<std::pair<std::string, std::string>> members;
  for (std::size_t i = 0; i < root.size(); ++i) members.emplace_back(root.key(i), root.element(i).text());
  const std::string values[] = {"null", "true", "-1", "0", "9223372036854775807", "1e300", "\"\"", "[]", "{}", "[[],{}]",
                                json_string(std::string(5'000, 'x')), json_string("\xc3\xa4\x01 %n ../../ [")};
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto changed = members;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    all.push_back(object_of(changed));
    for (const std::string& value : values) {
      changed = members;
      changed[i].second = value;
      all.push_back(object_of(changed));
    }
    if (root.element(i).is(JsonView::Type::array)) {
      changed = members;
      changed[i].second = "[" + root.element(i).element(0).text() + ",null,1,\"\",{}]";
      all.push_back(object_of(changed));
    }
  }
  return all;
}

struct Rounds {
  std::size_t count, each;
};

// The same again and again: what every round leaves behind, once the first ones are over; 0: nothing.
template <class Do>
std::size_t left_behind(const Rounds& rounds, Do&& what) {
  for (std::size_t i = 0; i < rounds.each; ++i) what();
  std::size_t least = SIZE_MAX, before = heap_bytes();
  for (std::size_t round = 0; round < rounds.count; ++round) {
    for (std::size_t i = 0; i < rounds.each; ++i) what();
    const std::size_t now = heap_bytes();
    least = std::min(least, now > before ? now - before : 0);
    before = now;
  }
  return least / rounds.each;
}

}  // namespace

void check_loading(Workbench& bench) {
  bench.begins("loading");
  const ProcessState before = ProcessState::now();
  const std::int64_t began = thread_time();
  const Specimen* specimen = bench.specimen();
  if (specimen == nullptr) return;
  judge_state(bench, before, "loading it");
  if (thread_time() - began > kLongLoad) bench.fail("loading takes more than a second", "nothing belongs into constructors of static objects: build lists in create");
  const auto& said = specimen->library().descriptor();
  if (specimen->library().identity().license != said.license)
    bench.fail("its note has another license than its descriptor", "HYALITE_PLUGIN makes both of one; in C write them once");
  if (said.summary[0] == '\0') bench.fail("its summary is empty", "one line for a person");
}

void check_tables(Workbench& bench) {
  const Specimen* specimen = bench.specimen();
  if (specimen == nullptr) return;
  const auto ask = specimen->layer().real().get_interface;
  constexpr const char* kExactly = "compare the whole id, and answer NULL to all others";
  for (const char* id : {"", "hyalite.none/1", "hyalite.http/2", HYALITE_HTTP_ID "x", "hyalite.http", "Hyalite.http/1", "hyalite.flow/1/1"}) {
    if (!bench.begins(std::string("get_interface(\"") + id + "\")")) continue;
    if (ask(id) != nullptr) bench.fail("it has a table for the unknown id \"" + std::string(id) + "\"", kExactly);
  }
  for (const char* id : {HYALITE_FLOW_ID, HYALITE_TLS_ID, HYALITE_HTTP_ID, HYALITE_STREAM_ID, HYALITE_STATE_ID, HYALITE_ASYNC_ID, HYALITE_WS_ID}) {
    if (!bench.begins(std::string("get_interface(\"") + id + "\")")) continue;
    const void* table = ask(id);
    if (table == nullptr) continue;
    if (ask(id) != table) bench.fail("it gives another table each time for " + std::string(id), "tables are static");
    std::uint32_t size = 0;
    std::memcpy(&size, table, sizeof size);
    if (size < 8 || size > 4'096 || size % 8 != 0)
      bench.fail("its table " + std::string(id) + " says that it has " + std::to_string(size) + " bytes", "set size to sizeof the table");
  }
  const auto state = specimen->library().table<hyalite_state_hooks>(HYALITE_STATE_ID);
  if (state.flow_size > Instance::kMostStateBytes || state.exchange_size > Instance::kMostStateBytes)
    bench.fail("it asks for more than 4096 bytes of state", "keep a pointer in the state, made by init and freed by fini");
}

void check_creating(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  bench.begins("create");
  const ProcessState before = ProcessState::now();
  World world(bench.needs());
  if (!world.refusal().empty()) return bench.fail(world.refusal(), "--settings FILE gives it what would stand under settings: of its instance");
  judge_state(bench, before, "creating an instance");
  bench.begins("start");
  if (!world.start()) return bench.fail(world.refusal(), "what it needs in a worker has to be there where it is checked, too");
  bench.begins("tick, reopen, drain, stop");
  world.chain().tick();
  world.chain().reopen();
  world.chain().drain();
  world.stop();
  bench.judge(world);
}

void check_settings(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  for (const std::string& json : varied(bench.options().configuration.json)) {
    if (!bench.begins("settings " + printable(json, 150))) continue;
    bench.layer().start_counting();
    PluginConfiguration configuration;
    configuration.json = json;
    WorldNeeds needs = bench.needs();
    const WorldNeeds changed{needs.specimen, configuration, needs.slot, needs.history};
    World world(changed);
    if (bench.layer().escapes() > 0) bench.fail("an exception leaves it while an instance is created", "tell what is wrong with mistake(), and answer a status");
    if (!world.refusal().empty() || !world.start()) continue;
    perform(world, ordinary_conversations()[0]);
    bench.judge(world, Judging::errors_are_fine);
  }
}

void check_instances(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  if (bench.begins("instances that are created and destroyed")) {
    const std::int64_t began = thread_time();
    { const World first(bench.needs()); }
    const Rounds rounds{5, thread_time() - began > 10'000'000 ? std::size_t{5} : std::size_t{40}};
    const std::size_t left = left_behind(rounds, [&] { const World one(bench.needs()); });
    // Caches of the allocator fill up for a while.
    if (left > 16 && left * rounds.each > 2'000) bench.fail("every instance that is created and destroyed leaves " + std::to_string(left) + " bytes behind", "free in destroy what create made");
  }
  const Conversation& talk = ordinary_conversations()[0];
  if (!bench.begins("two instances at once")) return;
  const auto first = bench.world();
  if (first == nullptr) return;
  const Scene alone = perform(*first, talk), again = perform(*first, talk);
  const auto second = bench.world();
  if (second == nullptr) return;
  for (const Conversation& other : ordinary_conversations()) perform(*second, other);
  const auto random = difference(alone, again);
  const auto found = difference(without(alone, random.headers), without(perform(*first, talk), random.headers));
  if (random.other.empty() && (!found.other.empty() || !found.headers.empty()))
    bench.fail("one instance does other things once another one was at work: " + (found.other.empty() ? "header " + *found.headers.begin() : found.other),
               "what belongs to an instance is kept in the instance, not in static objects");
}

}  // namespace hyalite

// Hosts that are older, newer, or cannot do what they are asked.
// SPDX-License-Identifier: MIT
#include "check/allocations.h"
#include "check/checks.h"
#include "check/host_side.h"
#include "check/scene.h"

namespace hyalite {

namespace {

// Of each thing that can fail, at most so many places, unless all are asked for.
constexpr std::uint64_t kMostPlaces = 120;

const char* name_of(hyalite_status status) {
  switch (status) {
    case HYALITE_E_LIMIT: return "HYALITE_E_LIMIT";
    case HYALITE_E_LATE: return "HYALITE_E_LATE";
    case HYALITE_E_UNSUPPORTED: return "HYALITE_E_UNSUPPORTED";
    default: return "HYALITE_E_FAILED";
  }
}

void perform_all(World& world) {
  for (const Conversation& conversation : ordinary_conversations()) perform(world, conversation);
  world.chain().tick();
}

// What a plugin does with a host that lacks something is its own affair, as long as it does not crash, throw or answer
// nonsense.
enum class Lacks { tables, success };
void live_with(Workbench& bench, Lacks lacks) {
  bench.layer().start_counting();
  World world(bench.needs());
  if (bench.layer().escapes() > 0)
    bench.fail("an exception leaves it while an instance is created", "answer a status: the host says what is missing");
  if (!world.refusal().empty() || !world.start()) return;
  perform_all(world);
  // After a call that failed, others are wrong that would have been right.
  bench.judge(world, lacks == Lacks::tables ? Judging::errors_are_fine : Judging::only_answers);
}

void judge_failed(Workbench& bench, World& world, const std::string& when, const char* mend) {
  for (const PluginComplaint& complaint : world.take_complaints()) {
    const bool thrown = complaint.kind == FaultKind::exception && bench.layer().escapes() > 0;
    if (complaint.by_validation || (complaint.kind != FaultKind::misuse && !thrown)) continue;
    bench.fail("when " + when + ", " + complaint.hook + (thrown ? " throws: " : " answers what is not allowed: ") + complaint.text, mend);
  }
}

// Which places out of `count` are tried: all, or some that are drawn.
std::vector<std::uint64_t> places(Workbench& bench, std::uint64_t count) {
  std::vector<std::uint64_t> all;
  Random random(bench.options().seed);
  const bool some = count > kMostPlaces && !bench.options().thorough;
  for (std::uint64_t n = 1; n <= count; ++n) {
    if (!some || random.below(static_cast<std::size_t>(count)) < kMostPlaces) all.push_back(n);
  }
  return all;
}

}  // namespace

void check_older_host(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  LayerPlan& plan = bench.layer().plan;
  for (const HostTable& table : host_tables()) {
    if (bench.begins("a host without " + std::string(table.id))) {
      plan.withheld = table.id;
      live_with(bench, Lacks::tables);
      plan = {};
    }
    std::size_t end = 2 * sizeof(std::uint32_t);
    for (const auto& [member, next] : table.members) {
      if (bench.begins("a host whose " + std::string(table.id) + " ends before " + std::string(member))) {
        plan.cut_table = table.id;
        plan.cut_to = end;
        live_with(bench, Lacks::tables);
        plan = {};
      }
      end = next;
    }
  }
}

void check_newer_host(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  if (!bench.begins("a host whose tables, views and headers are longer, with unknown protocols")) return;
  bench.layer().plan.newer = true;
  bench.layer().start_counting();
  const auto world = bench.world();
  if (world == nullptr) return;
  perform_all(*world);
  bench.judge(*world);
}

void check_failing_calls(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  LayerPlan& plan = bench.layer().plan;
  constexpr hyalite_status kStatuses[] = {HYALITE_E_LIMIT, HYALITE_E_UNSUPPORTED, HYALITE_E_FAILED, HYALITE_E_LATE};
  // While an instance is created and started.
  bench.layer().start_counting();
  if (bench.world() == nullptr) return;
  const std::uint64_t creating = bench.layer().calls();
  for (const std::uint64_t n : places(bench, creating)) {
    const hyalite_status status = kStatuses[n % 4];
    if (!bench.begins("call " + std::to_string(n) + " of creating an instance fails with " + name_of(status))) continue;
    plan.fail_call = n, plan.fail_with = status;
    live_with(bench, Lacks::success);
    plan = {};
  }
  const auto world = bench.world();
  if (world == nullptr) return;
  for (const Conversation& conversation : ordinary_conversations()) {
    bench.layer().start_counting();
    perform(*world, conversation);
    for (const std::uint64_t n : places(bench, bench.layer().calls())) {
      const hyalite_status status = kStatuses[(n + bench.options().seed) % 4];
      if (!bench.begins(conversation.name + ": call " + std::to_string(n) + " fails with " + name_of(status))) continue;
      bench.layer().start_counting();
      plan.fail_call = n, plan.fail_with = status;
      perform(*world, conversation);
      plan = {};
      judge_failed(bench, *world, std::string(bench.layer().failed()) + " fails", "look at the status of every call: below zero nothing happened");
    }
  }
}

void check_failing_allocations(Workbench& bench) {
  if (bench.specimen() == nullptr) return;
  LayerPlan& plan = bench.layer().plan;
  std::string why_not;
  if (!take_over_allocations(bench.specimen()->library(), why_not)) return bench.skip(why_not);
  const auto world = bench.world();
  if (world == nullptr) return;
  for (const Conversation& conversation : ordinary_conversations()) {
    bench.layer().start_counting();
    perform(*world, conversation);
    for (const std::uint64_t n : places(bench, bench.layer().allocations())) {
      if (!bench.begins(conversation.name + ": allocation " + std::to_string(n) + " inside of hooks fails")) continue;
      bench.layer().start_counting();
      plan.fail_allocation = n;
      perform(*world, conversation);
      plan = {};
      judge_failed(bench, *world, "memory runs out", "answer HYALITE_ERROR, or catch std::bad_alloc");
    }
  }
}

}  // namespace hyalite

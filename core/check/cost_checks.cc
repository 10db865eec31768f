// What a plugin costs: waiting, computing, memory.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>

#include "check/checks.h"
#include "check/process_state.h"
#include "check/scene.h"
#include "plugin/host.h"

namespace hyalite {

namespace {

void perform_all(World& world) {
  for (const Conversation& conversation : ordinary_conversations()) perform(world, conversation);
}

// ---- growth: what takes four times as much input may take four times as long, and a bit

struct Growing {
  const char* name;
  std::string (*request)(std::size_t);
  std::string (*response)(std::size_t);
  std::size_t size;  // of the smallest
};
std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}
const Growing kGrowing[] = {
    {"a target", [](std::size_t n) { return get("/" + std::string(n, 'a')); }, [](std::size_t) { return ok(""); }, 1'800},
    {"a target of dots and slashes", [](std::size_t n) { return get(repeated("/..", n / 3)); }, [](std::size_t) { return ok(""); }, 1'800},
    {"a header's value", [](std::size_t n) { return get("/", "Cookie: " + std::string(n, 'a') + "\r\n"); }, [](std::size_t) { return ok(""); }, 12'000},
    {"a header's value of pairs", [](std::size_t n) { return get("/", "Cookie: " + repeated("a=b; ", n / 5) + "\r\n"); }, [](std::size_t) { return ok(""); }, 12'000},
    {"many headers", [](std::size_t n) { return get("/", repeated("X-A: b\r\n", n)); }, [](std::size_t) { return ok(""); }, 50},
    {"a request's body", [](std::size_t n) { return post(std::string(n, 'a'), "Content-Type: text/plain\r\n"); }, [](std::size_t) { return ok(""); }, 50'000},
    {"a response's body", [](std::size_t) { return get("/"); }, [](std::size_t n) { return ok(std::string(n, 'a'), "Content-Type: text/html\r\n"); }, 50'000},
    {"a response's body of tags", [](std::size_t) { return get("/"); }, [](std::size_t n) { return ok(repeated("<a ", n / 3), "Content-Type: text/html\r\n"); }, 50'000},
};

// Nanoseconds of processor time, the best of a few.
std::int64_t time_of(World& world, const Conversation& conversation) {
  std::int64_t best = INT64_MAX;
  for (int i = 0; i < 3; ++i) {
    const std::int64_t began = thread_time();
    perform(world, conversation);
    best = std::min(best, thread_time() - began);
    if (best > 1'000'000'000) break;
  }
  return best;
}

}  // namespace

void check_blocking(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  std::string why_not;
  if (!bench.watch_system_calls(why_not)) return bench.skip(why_not);
  for (const Conversation& conversation : ordinary_conversations()) {
    if (bench.begins(conversation.name)) perform(*world, conversation);
  }
  for (std::uint64_t n = 0; n < kOddKinds; ++n) {
    const Conversation conversation = odd_conversation(bench.options().seed, n);
    if (bench.begins(conversation.name)) perform(*world, conversation);
  }
  if (bench.begins("tick")) world->chain().tick();
  if (bench.begins("the rest of its timers")) {
    world->advance(Seconds{120});
    world->settle();
  }
}

void check_growth(Workbench& bench) {
  constexpr std::int64_t kWorthALook = 20'000'000;  // ns: what is quick may grow as it likes
  const auto world = bench.world();
  if (world == nullptr) return;
  perform_all(*world);
  for (const Growing& growing : kGrowing) {
    if (!bench.begins(growing.name + std::string(" that grows"))) continue;
    const auto talk = [&](std::size_t times) {
      return Conversation{growing.name, {{Side::client, growing.request(growing.size * times)}, {Side::upstream, growing.response(growing.size * times)}}};
    };
    const std::int64_t large = time_of(*world, talk(4));
    if (large < kWorthALook) continue;
    const std::int64_t small = std::max<std::int64_t>(time_of(*world, talk(1)), 1);
    if (large / small < 9) continue;
    bench.fail("4 times as much of it takes " + std::to_string(large / small) + " times as long (" + std::to_string(large / 1'000'000) + " ms)",
               "whoever sends it decides how long the worker is busy: look at each byte once, or bound it; for patterns use RE2");
  }
}

namespace {

constexpr int kEach = 6, kRounds = 5;
constexpr std::size_t kAllowed = 8;  // bytes a flow: counting is not that exact
constexpr int kMoreRounds = 20;  // where a descriptor was opened once

// What the same flows again and again leave behind.
struct LeftBehind {
  std::size_t heap = SIZE_MAX;   // bytes that every round left, at least
  int rounds_with_descriptor = 0;  // that left a descriptor more
  ProcessState last;  // after the last round
};

std::size_t flows_of_a_round() { return kEach * ordinary_conversations().size(); }

// What is under way on threads has memory until it is over.
void let_threads_finish(World& world, std::size_t heap) {
  for (int i = 0; i < 100 && heap_bytes() > heap + kAllowed * flows_of_a_round(); ++i) {
    std::this_thread::sleep_for(Milliseconds{5});
    world.settle();
  }
}

// Each round is compared with the one before it, and the first with `before`: what a thread opens between two looks would be in no round.
LeftBehind pass_again_and_again(World& world, const ProcessState& before) {
  LeftBehind left;
  std::size_t heap = heap_bytes(), open = before.descriptors.size();
  const auto pass = [&] {
    for (int i = 0; i < kEach; ++i) perform_all(world);
    world.chain().tick();
    let_threads_finish(world, heap);
    left.last = ProcessState::now();
    const std::size_t heap_now = heap_bytes(), open_now = left.last.descriptors.size();
    left.heap = std::min(left.heap, heap_now > heap ? heap_now - heap : 0);
    if (open_now > open) ++left.rounds_with_descriptor;
    heap = heap_now, open = open_now;
  };
  for (int round = 0; round < kRounds; ++round) pass();
  // Once may be a log that a thread opened late, or a leak that is rare: only more flows tell.
  for (int round = 0; left.rounds_with_descriptor == 1 && round < kMoreRounds; ++round) pass();
  return left;
}

}  // namespace

void check_leaks(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  for (int i = 0; i < kEach; ++i) perform_all(*world);
  world->chain().tick();  // what it begins may be the first work on the host's own threads
  if (!bench.begins("the same flows again and again")) return;
  const ProcessState before = ProcessState::now();
  const LeftBehind left = pass_again_and_again(*world, before);
  const std::size_t bytes = left.heap / flows_of_a_round();
  if (bytes > kAllowed) bench.fail("every flow leaves " + std::to_string(bytes) + " bytes behind", "free in flow_fini and exchange_fini what their hooks made; bound every cache");
  ProcessState compared = before;
  if (left.rounds_with_descriptor == 1) compared.descriptors = left.last.descriptors;
  for (const std::string& change : compared.changes_to(left.last)) bench.fail(change + " by flows that passed", "close what a flow opened when it ends");
  const unsigned threads = ProcessState::now().threads;
  if (!bench.begins("the worker stops")) return;
  world->stop();
  // What was joined may be seen a little longer.
  for (int i = 0; i < 400 && threads > 1 && count_threads() >= threads; ++i) std::this_thread::sleep_for(Milliseconds{5});
  const ProcessState after = ProcessState::now();
  if (after.threads > 1 && after.threads >= threads) bench.fail("its thread goes on after stop", "end and join in stop what start began: nothing of the plugin may run any more");
}

}  // namespace hyalite

// What passes through the plugin, whole and in pieces, in order and out of it.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "check/checks.h"
#include "check/scene.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostCuts = 160;  // of one conversation, unless all are asked for
constexpr std::size_t kAnyhow = 12;     // of one conversation

// What it is by itself: the scene, and the headers in it that are never the same.
struct Known {
  Scene scene;
  std::set<std::string> random;
  bool comparable = true;
};

Known get_to_know(World& world, const Conversation& conversation) {
  Known known{perform(world, conversation), {}, true};
  for (int i = 0; i < 2; ++i) {
    const SceneDifference found = difference(known.scene, perform(world, conversation));
    known.random.insert(found.headers.begin(), found.headers.end());
    known.comparable = known.comparable && found.other.empty();
  }
  known.scene = without(known.scene, known.random);
  return known;
}

std::string differs(const Known& known, const Scene& scene) {
  const SceneDifference found = difference(known.scene, without(scene, known.random));
  if (!found.other.empty()) return found.other;
  return found.headers.empty() ? "" : "another value of the header " + *found.headers.begin();
}

std::vector<Cutting> cuttings(Workbench& bench, const Conversation& conversation, Random& random) {
  std::vector<Cutting> all{{Cutting::Way::drips}};
  const std::size_t longest = conversation.longest();
  const bool some = longest > kMostCuts && !bench.options().thorough;
  for (std::size_t place = 1; place < longest; ++place) {
    if (!some || random.below(longest) < kMostCuts) all.push_back({Cutting::Way::at, place});
  }
  for (std::size_t i = 0; i < kAnyhow; ++i) all.push_back({Cutting::Way::anyhow, 0, &random});
  return all;
}

// What can happen to a flow between two lines.
enum class Trouble { cut, client_breaks, upstream_breaks, client_ends, upstream_ends, time_is_up };
constexpr std::pair<Trouble, const char*> kTroubles[] = {
    {Trouble::cut, "the proxy stops"},         {Trouble::client_breaks, "the client resets"}, {Trouble::upstream_breaks, "upstream resets"},
    {Trouble::client_ends, "the client ends"}, {Trouble::upstream_ends, "upstream ends"},     {Trouble::time_is_up, "the time is up"}};

void make(Trouble trouble, HeldFlow& talk) {
  switch (trouble) {
    case Trouble::cut: return talk.cut();
    case Trouble::client_breaks: return talk.breaks(Side::client);
    case Trouble::upstream_breaks: return talk.breaks(Side::upstream);
    case Trouble::client_ends: return talk.end(Side::client);
    case Trouble::upstream_ends: return talk.end(Side::upstream);
    case Trouble::time_is_up: return talk.deadline();
  }
}

// Whatever the plugin lets wait meets its trouble before it may go on.
void make_while_it_waits(Workbench& bench, World& world, const Conversation& conversation) {
  for (const auto& [trouble, words] : kTroubles) {
    if (!bench.begins(conversation.name + ": " + words + " while it waits")) continue;
    world.stands_still = true;
    bench.layer().stream_began.reset();
    HeldFlow talk(world, conversation.handshakes);
    for (const Line& line : conversation.lines) {
      if (!world.someone_waits()) talk.say(line.from, line.bytes);
    }
    if (world.someone_waits()) make(trouble, talk);
    world.stands_still = false;
    world.settle();
  }
  bench.judge(world);
}

// All flows are open at once, and close in this order.
void close_in_order(World& world, const std::vector<std::size_t>& order) {
  std::vector<std::unique_ptr<HeldFlow>> talks;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Conversation& conversation = ordinary_conversations()[i];
    talks.push_back(std::make_unique<HeldFlow>(world, conversation.handshakes, static_cast<unsigned>(i + 1)));
    talks.back()->say(Side::client, std::string_view(conversation.lines[0].bytes).substr(0, conversation.lines[0].bytes.size() - (i == 2 ? 9 : 0)));
  }
  for (const std::size_t which : order) talks[which].reset();
}

}  // namespace

void check_ordinary(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  for (const Conversation& conversation : ordinary_conversations()) {
    if (!bench.begins(conversation.name)) continue;
    perform(*world, conversation);
    bench.judge(*world);
  }
  bench.begins("tick and stop");
  world->chain().tick();
  world->stop();
  bench.judge(*world);
}

void check_pieces(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  std::string not_comparable;
  for (const Conversation& conversation : ordinary_conversations()) {
    const Known known = get_to_know(*world, conversation);
    if (!known.comparable) {
      not_comparable = conversation.name;
      continue;
    }
    Random random(bench.options().seed);
    for (const Cutting& cutting : cuttings(bench, conversation, random)) {
      if (!bench.begins(conversation.name + ", " + cutting.text())) continue;
      Random own = bench.random();
      const Cutting drawn{cutting.way, cutting.place, &own};
      const std::string difference = differs(known, perform(*world, conversation, drawn));
      if (difference.empty()) continue;
      bench.fail("what arrives in other pieces is treated in another way: " + difference,
                 "keep what may be the beginning of something (keep, or the exchange's state) until the rest has come");
      break;  // the other places are most probably the same mistake
    }
    if (bench.enough()) return;
  }
  world->take_complaints();  // told by other checks, in the simplest case
  if (!not_comparable.empty() && !bench.has_failed())
    bench.skip("it does something else each time with \"" + not_comparable + "\", so pieces cannot be compared; the rest is the same");
}

void check_interleaved(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  const auto& ordinary = ordinary_conversations();
  std::vector<Known> known;
  for (const Conversation& one : ordinary) known.push_back(get_to_know(*world, one));
  for (int round = 0; round < 20; ++round) {
    if (!bench.begins("flows in turns, round " + std::to_string(round + 1))) continue;
    Random random = bench.random();
    std::vector<std::size_t> chosen;
    while (chosen.size() < 5) {
      const std::size_t one = random.below(ordinary.size());
      if (known[one].comparable) chosen.push_back(one);
      else if (std::none_of(known.begin(), known.end(), [](const Known& k) { return k.comparable; })) return bench.skip("it does something else each time");
    }
    std::vector<Conversation> talks;
    for (const std::size_t one : chosen) talks.push_back(ordinary[one]);
    const auto scenes = perform_interleaved(*world, talks, random);
    for (std::size_t i = 0; i < scenes.size(); ++i) {
      const std::string difference = differs(known[chosen[i]], scenes[i]);
      if (difference.empty()) continue;
      bench.fail("\"" + ordinary[chosen[i]].name + "\" is treated in another way when other flows pass meanwhile: " + difference,
                 "what belongs to a flow or an exchange is kept in its state, not in the instance");
      return;
    }
  }
  world->take_complaints();
}

void check_cut(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  for (const Conversation& conversation : ordinary_conversations()) {
    for (const auto& [trouble, words] : kTroubles) {
      for (std::size_t at = 0; at <= 2 * conversation.lines.size(); ++at) {
        if (!bench.begins(conversation.name + ": " + words + " after " + std::to_string(at) + " half lines")) continue;
        HeldFlow talk(*world, conversation.handshakes);
        for (std::size_t half = 0; half < at; ++half) {
          const Line& line = conversation.lines[half / 2];
          const std::size_t middle = line.bytes.size() / 2;
          const std::string_view bytes = line.bytes;
          talk.say(line.from, half % 2 == 0 ? bytes.substr(0, middle) : bytes.substr(middle));
        }
        make(trouble, talk);
      }
      bench.judge(*world);
    }
    make_while_it_waits(bench, *world, conversation);
  }
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    std::string words;
    for (const std::size_t one : order) words += " " + std::to_string(one + 1);
    if (!bench.begins("four flows at once that close in the order" + words)) continue;
    close_in_order(*world, order);
    bench.judge(*world);
  } while (std::next_permutation(order.begin(), order.end()));
}

void check_odd(Workbench& bench) {
  const auto world = bench.world();
  if (world == nullptr) return;
  const std::uint64_t count = kOddKinds * (bench.options().thorough ? 200 : 10);
  for (std::uint64_t n = 0; n < count; ++n) {
    const Conversation conversation = odd_conversation(bench.options().seed, n);
    if (!bench.begins(conversation.name)) continue;
    Random random = bench.random();
    const bool whole = conversation.longest() > 20'000 || random.below(2) == 0;
    perform(*world, conversation, whole ? Cutting{} : Cutting{Cutting::Way::anyhow, 0, &random});
    bench.judge(*world);
  }
}

void check_services(Workbench& bench) {
  for (const auto& [mood, words] : {std::pair(ServiceMood::fails, "every service fails"), std::pair(ServiceMood::never_answers, "no service ever answers")}) {
    const auto world = bench.world();
    if (world == nullptr) return;
    world->mood = mood;
    for (const Conversation& conversation : ordinary_conversations()) {
      if (!bench.begins(conversation.name + ": " + words)) continue;
      perform(*world, conversation);
      bench.judge(*world, Judging::errors_are_fine);
    }
  }
}

}  // namespace hyalite

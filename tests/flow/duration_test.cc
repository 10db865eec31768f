// How long a flow lasted, as plugins hear it in the end.
// SPDX-License-Identifier: MIT
#include "tests/flow/flows_on_loopback.h"
#include "tests/unit/plugin/scripted.h"

namespace hyalite {
namespace {

// NTP steps it, a leap second does, an operator does.
TEST_F(FlowsOnLoopback, LastAsLongAsTheyDoWhateverTheWallClockSays) {
  start();
  ScriptedChain scripted;
  std::int64_t duration = -1;
  Script script;
  script.flow_close = [&](hyalite_flow*, const hyalite_flow_summary* summary) { duration = summary->duration; };
  Chain& asked = scripted.add(script).start();
  ManualClock clock;
  Tally tally(MetricRow(cells.data(), layout), *places);
  const Route route(settings, asked, *policy, *engine, refusals, tally, log, clock);
  FlowFacts facts = some_flow();
  facts.opened_at = clock.wall_time();
  facts.opened = clock.now();
  FlowFile file(facts, 0, ArrivalMode::transparent);
  file.known_to_plugins = true;
  asked.flow_open(file.subject);
  clock.advance(Seconds{2});
  clock.set_wall(facts.opened_at - Seconds{10});
  route.end(file, CloseReason::finished, {});
  EXPECT_EQ(duration, 2'000'000'000);
}

}  // namespace
}  // namespace hyalite

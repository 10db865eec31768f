// A stage that inspects with an empty chain: what it does by itself.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include "flow/inspecting.h"
#include "plugin/loader.h"
#include "tests/support/playbook.h"

namespace hyalite {

struct InspectingTalk : ::testing::Test {
  InspectingTalk() {
    layout_places = TallyPlaces::declare(layout);
    settings.listeners.emplace_back();
    facts.client = ClientAddress{*Address::parse("10.1.0.2:40000")};
    facts.destination = OriginalDestination{*Address::parse("10.2.0.2:80")};
  }

  // `made`: what is true of the flow already.
  Playbook talk(bool connected = false, void (*made)(FlowFile&) = nullptr) {
    cells.assign(layout.cells(), 0);
    tally.emplace(MetricRow(cells.data(), layout), *layout_places);
    bypass.emplace(settings.bypass);
    needs.emplace(lent(pool));
    file.emplace(facts, 0, ArrivalMode::transparent);
    chain.flow_open(file->subject);
    if (made != nullptr) made(*file);
    return Playbook(std::make_unique<Inspecting>(*needs, *file), connected);
  }
  InspectingNeeds lent(ExchangePool& memory) {
    return {chain, HttpRules(settings, settings.listeners[0]), *bypass, clock, *tally, log, memory, may_keep};
  }

  std::uint64_t count(std::string_view family, std::string_view label) {
    for (const MetricSeries& series : layout.series()) {
      if (layout.families()[series.family].name == family &&
          (series.labels.empty() || series.labels[0].value == label)) {
        return cells[series.first.index];
      }
    }
    ADD_FAILURE() << "no such counter: " << family << " " << label;
    return 0;
  }

  bool may_keep = false;
  ManualClock clock;
  Layout layout;
  std::optional<TallyPlaces> layout_places;
  std::vector<std::uint64_t> cells;
  Settings settings;
  FlowFacts facts;
  std::vector<std::string> logged;
  Log log{LogLevel::info, [this](std::string_view line) { logged.emplace_back(line); }};
  std::unique_ptr<Chain> empty = load_chain(settings, {}, layout, log).chain;
  Chain& chain = *empty;
  std::optional<Tally> tally;
  std::optional<Bypass> bypass;
  std::optional<InspectingNeeds> needs;
  std::optional<FlowFile> file;
  ExchangePool pool{0};
};

}  // namespace hyalite

// What a conversation through a scripted plugin needs: tables, interests, a stage with a plugin in it.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <hyalite/plugin.h>

#include "flow/inspecting.h"
#include "tests/support/playbook.h"
#include "tests/unit/plugin/scripted.h"

namespace hyalite {

inline hyalite_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
inline const hyalite_host_http* http;
inline const hyalite_host_body* body;
inline const hyalite_host_async* async;
inline const hyalite_host* host;

inline hyalite_status fetch_tables(const hyalite_host* given) {
  host = given;
  http = static_cast<const hyalite_host_http*>(host->get_interface(host, HYALITE_HOST_HTTP_ID));
  body = static_cast<const hyalite_host_body*>(host->get_interface(host, HYALITE_HOST_BODY_ID));
  async = static_cast<const hyalite_host_async*>(host->get_interface(host, HYALITE_HOST_ASYNC_ID));
  return HYALITE_OK;
}

inline hyalite_body_options wants(std::uint32_t mode, std::uint32_t flags = 0, std::uint64_t cap = 0,
                           std::uint32_t overflow = HYALITE_OVERFLOW_DEGRADE, std::uint32_t keep = 0) {
  return {sizeof(hyalite_body_options), mode, flags, overflow, cap, keep, 0};
}

// Declares an interest in the request's body.
inline auto interested(hyalite_direction direction, hyalite_body_options options) {
  return [=](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    EXPECT_EQ(http->body_interest(x, direction, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
}

// Replaces every 'a' by `with`.
inline auto replacing(std::string with) {
  return [=](hyalite_exchange*, hyalite_window* w, const hyalite_window_view* view) -> hyalite_verdict {
    for (std::size_t i = 0; i < view->segment_count; ++i) {
      for (char c : std::string_view(view->segments[i].data, view->segments[i].size)) {
        if (c != 'a') {
          body->pass(w, 1);
          continue;
        }
        body->drop(w, 1);
        body->write(w, bytes(with));
      }
    }
    return HYALITE_CONTINUE;
  };
}

// Everything that a conversation through a scripted plugin needs.
struct Set {
  explicit Set(const ChainLimits& limits = {}) : scripted(limits) {
    settings.listeners.emplace_back();
    facts = some_flow();
    script.create = fetch_tables;
  }

  Playbook talk() {
    chain = &scripted.add(std::move(script)).start();
    places = TallyPlaces::declare(layout);
    cells.assign(layout.cells(), 0);
    tally.emplace(MetricRow(cells.data(), layout), *places);
    needs.emplace(InspectingNeeds{*chain, HttpRules(settings, settings.listeners[0]), bypass, clock, *tally, log, pool, may_keep});
    http_file.emplace(facts, 0, ArrivalMode::transparent);
    http_file->subject.waker = &woken;
    chain->flow_open(http_file->subject);
    return Playbook(std::make_unique<Inspecting>(*needs, *http_file));
  }
  ~Set() {
    if (chain) chain->flow_close(http_file->subject, {});
  }

  // What the loop does, and the flow: true when something goes on that waited.
  bool deliver(Playbook& talk) {
    woken.times = 0;
    scripted.deliver();
    if (woken.times > 0) talk.resumed();
    return woken.times > 0;
  }

  struct Woken final : Waker {
    int times = 0;
    void on_wake() override { ++times; }
  } woken;
  Script script;
  bool may_keep = false;
  ManualClock clock;
  Settings settings;
  FlowFacts facts;
  Layout layout;
  std::optional<TallyPlaces> places;
  std::vector<std::uint64_t> cells;
  std::optional<Tally> tally;
  Bypass bypass{BypassSettings{}};
  ScriptedChain scripted;
  std::optional<FlowFile> http_file;
  ExchangePool pool{0};
  Log log{LogLevel::error, [](std::string_view) {}};
  std::optional<InspectingNeeds> needs;
  Chain* chain = nullptr;
};

}  // namespace hyalite

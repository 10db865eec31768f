// What plugins cost that are not interested: nothing. Counted, not timed.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "flow/inspecting.h"
#include "plugin/chain.h"
#include "tests/support/playbook.h"
#include "tests/support/sanitizers.h"

namespace {
std::size_t allocations = 0;
}  // namespace

// AddressSanitizer has operators of its own, which see more: there only the calls are counted.
#if !HYALITE_ADDRESS_SANITIZER
// Of the whole test program; only this file looks at the count. (Inlined, one of them alone would look mismatched to gcc.)
__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* at = std::malloc(size == 0 ? 1 : size)) return at;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* at) noexcept { std::free(at); }
__attribute__((noinline)) void operator delete(void* at, std::size_t) noexcept { std::free(at); }
#endif

namespace hyalite {
namespace {

// Every hook of every table is NULL, but for one that HTTP never reaches.
const void* get_interface(const char* id) {
  static const hyalite_tls_hooks hooks = [] {
    hyalite_tls_hooks it{};
    it.size = sizeof it;
    it.client_hello = [](void*, hyalite_flow*, void*, const hyalite_client_hello*) -> hyalite_verdict {
      return HYALITE_CONTINUE;
    };
    return it;
  }();
  return std::string_view(id) == HYALITE_TLS_ID ? &hooks : nullptr;
}

const hyalite_descriptor* uninterested() {
  static const hyalite_descriptor descriptor = [] {
    hyalite_descriptor d{};
    d.magic = HYALITE_DESCRIPTOR_MAGIC;
    d.abi_major = HYALITE_ABI_MAJOR;
    d.abi_minor = HYALITE_ABI_MINOR;
    d.size = sizeof d;
    d.id = d.summary = "uninterested";
    d.version = "1";
    d.license = "MIT";
    d.get_interface = &get_interface;
    d.create = [](const hyalite_host*, void** instance) -> hyalite_status {
      *instance = nullptr;
      return HYALITE_OK;
    };
    d.destroy = [](void*) {};
    return d;
  }();
  return &descriptor;
}

struct Cost {
  std::size_t allocations;
  std::uint64_t calls;
};

// A request with a body and its response, through this many plugins.
Cost cost_of_an_exchange(std::size_t plugins) {
  Layout layout;
  Log log{LogLevel::error, [](std::string_view) {}};
  const auto places = TallyPlaces::declare(layout);
  auto services = std::make_unique<HostServices>(layout, ChainLimits{}, nullptr, log);
  std::vector<std::unique_ptr<Library>> libraries;
  std::vector<std::unique_ptr<Instance>> instances;
  for (std::size_t i = 0; i < plugins; ++i) {
    PluginSettings settings;
    settings.name = "p" + std::to_string(i);
    settings.use = "uninterested";
    libraries.push_back(std::make_unique<Library>(*Library::linked_in(uninterested(), "uninterested")));
    instances.push_back(std::make_unique<Instance>(settings, i, *libraries.back(), *services));
    EXPECT_TRUE(instances.back()->create("test.yaml").empty());
  }
  Chain chain(std::move(services), std::move(libraries), std::move(instances));
  std::vector<std::uint64_t> cells(layout.cells());
  CallSlot slot;
  CallHistory history{};
  EXPECT_TRUE(chain.start(0, 1, MetricRow(cells.data(), layout), &slot, &history).has_value());

  Tally tally(MetricRow(cells.data(), layout), places);
  Settings settings;
  settings.listeners.emplace_back();
  const Bypass bypass(settings.bypass);
  ManualClock clock;
  FlowFacts facts;
  facts.client = ClientAddress{*Address::parse("10.1.0.2:40000")};
  facts.destination = OriginalDestination{*Address::parse("10.2.0.2:80")};
  FlowFile file(facts, 0, ArrivalMode::transparent);
  ExchangePool pool(0);
  const InspectingNeeds needs{chain, HttpRules(settings, settings.listeners[0]), bypass, clock, tally, log, pool};
  const std::size_t before = allocations;
  chain.flow_open(file.subject);
  Playbook talk(std::make_unique<Inspecting>(needs, file), true);
  talk.client("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  talk.upstream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n");
  const Cost cost{allocations - before, history.calls.load()};
  EXPECT_NE(talk.sent(Side::client).find("world"), std::string::npos);
  EXPECT_EQ(file.exchanges, 1u);
  return cost;
}

TEST(Cost, OfPluginsThatAreNotInterestedIsNothing) {
  const Cost none = cost_of_an_exchange(0), many = cost_of_an_exchange(20);
  EXPECT_EQ(many.allocations, none.allocations);
  EXPECT_EQ(many.calls, 0u);
#if !HYALITE_ADDRESS_SANITIZER
  EXPECT_GT(none.allocations, 0u) << "else nothing was counted";
#endif
}

}  // namespace
}  // namespace hyalite

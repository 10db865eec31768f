// What a plugin may not do with the host's functions, and how it is told.
// SPDX-License-Identifier: MIT
#include "plugin/validation.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "plugin/window.h"
#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

const auto* const http = static_cast<const hyalite_host_http*>(checked_interface(HYALITE_HOST_HTTP_ID));
const auto* const flows = static_cast<const hyalite_host_flow*>(checked_interface(HYALITE_HOST_FLOW_ID));
const auto* const body = static_cast<const hyalite_host_body*>(checked_interface(HYALITE_HOST_BODY_ID));
const auto* const metrics =
    static_cast<const hyalite_host_metrics*>(checked_interface(HYALITE_HOST_METRICS_ID));

hyalite_bytes text(std::string_view t) { return abi(t); }

// One instance whose calls are checked; its hooks are the test's.
struct ACheckedPlugin : testing::Test {
  Chain& start() {
    PluginSettings settings;
    settings.name = "p0";
    settings.use = "scripted";
    settings.validate = true;
    script.create = [this, then = script.create](const hyalite_host* its) {
      host = its;
      return then ? then(its) : HYALITE_OK;
    };
    return scripted.add(std::move(script), settings).start();
  }
  void in_request_head(const std::function<void(hyalite_exchange*)>& does) {
    script.request_head = [does](hyalite_exchange* x, const hyalite_headers*, void*) {
      does(x);
      return HYALITE_CONTINUE;
    };
    HookTalk(start()).request(kGet);
  }
  // Exactly one line, and it says all this.
  void expect_misuse(std::string_view hook, std::string_view function, std::string_view what) {
    std::size_t lines = 0;
    std::string last;
    for (const std::string& line : scripted.lines.all()) {
      if (line.find("plugin.misused") == std::string::npos) continue;
      ++lines;
      last = line;
    }
    EXPECT_EQ(lines, 1u) << last;
    for (const std::string_view part : {std::string_view("instance=p0"), hook, function, what})
      EXPECT_NE(last.find(part), std::string::npos) << part << " is not in " << last;
    EXPECT_EQ(scripted.count("hyalite_plugin_misused_calls_total", "p0"), 1u);
  }

  Script script;
  ScriptedChain scripted;
  const hyalite_host* host = nullptr;
};

TEST(Validation, HasEveryFunctionOfEveryTable) {
  // Behind size and reserved there are only functions; a new one must have its rule.
  const auto is_full = [](const auto* table) {
    const char* bytes = reinterpret_cast<const char*>(table);
    for (std::size_t at = 8; at < sizeof *table; at += sizeof(void*)) {
      void* function = nullptr;
      std::memcpy(&function, bytes + at, sizeof function);
      if (function == nullptr) return false;
    }
    return table->size == sizeof *table;
  };
  EXPECT_TRUE(is_full(http));
  EXPECT_TRUE(is_full(flows));
  EXPECT_TRUE(is_full(body));
  EXPECT_TRUE(is_full(metrics));
  EXPECT_TRUE(is_full(
      static_cast<const hyalite_host_settings*>(checked_interface(HYALITE_HOST_SETTINGS_ID))));
  EXPECT_TRUE(is_full(
      static_cast<const hyalite_host_async*>(checked_interface(HYALITE_HOST_ASYNC_ID))));
  EXPECT_TRUE(is_full(
      static_cast<const hyalite_host_channel*>(checked_interface(HYALITE_HOST_CHANNEL_ID))));
  EXPECT_TRUE(is_full(static_cast<const hyalite_host_fetch*>(checked_interface(HYALITE_HOST_FETCH_ID))));
  EXPECT_TRUE(is_full(
      static_cast<const hyalite_host_notes*>(checked_interface(HYALITE_HOST_NOTES_ID))));
  EXPECT_EQ(checked_interface(HYALITE_HOST_HTTP_ID "x"), nullptr);
}

TEST_F(ACheckedPlugin, GetsTheCheckedTables) {
  const void* table = nullptr;
  script.create = [&](const hyalite_host* its) {
    table = its->get_interface(its, HYALITE_HOST_HTTP_ID);
    return HYALITE_OK;
  };
  start();
  EXPECT_EQ(table, http);
  EXPECT_NE(table, http_table());
}

TEST_F(ACheckedPlugin, MayDoWhatTheTagsAllow) {
  in_request_head([](hyalite_exchange* x) {
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, text("X-A"), text("1"), 0), HYALITE_OK);
    EXPECT_EQ(http->number(x), 1u);
    EXPECT_NE(flows->info(http->flow(x)), nullptr);
    EXPECT_EQ(http->check_name(nullptr, text("Host")), HYALITE_E_INVALID) << "no host";
  });
  EXPECT_TRUE(scripted.logged("function=hyalite_host_http.check_name"));
  EXPECT_EQ(scripted.count("hyalite_plugin_misused_calls_total", "p0"), 1u);
}

TEST_F(ACheckedPlugin, IsToldThatAFunctionIsNotForThisHook) {
  in_request_head([](hyalite_exchange* x) {
    EXPECT_EQ(http->drop_info(x), HYALITE_E_INVALID);
  });
  expect_misuse("hook=request_head", "function=hyalite_host_http.drop_info",
                "not in this hook: allowed in response_info");
}

TEST_F(ACheckedPlugin, MayNotUseAnExchangeThatIsOver) {
  hyalite_exchange* kept = nullptr;
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) {
    if (kept == nullptr)
      kept = x;
    else
      EXPECT_EQ(http->number(kept), 0u);
    return HYALITE_CONTINUE;
  };
  Chain& chain = start();
  auto first = std::make_unique<HookTalk>(chain);
  first->request(kGet);
  HookTalk second(chain);  // another address, as long as the first one is there
  first.reset();
  second.request(kGet);
  expect_misuse("hook=request_head", "function=hyalite_host_http.number",
                "an exchange that this hook does not lend");
}

TEST_F(ACheckedPlugin, MayNotUseAnExchangeInAFlowHook) {
  hyalite_exchange* kept = nullptr;
  script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) {
    kept = x;
    return HYALITE_CONTINUE;
  };
  script.flow_close = [&](hyalite_flow*, const hyalite_flow_summary*) {
    EXPECT_EQ(http->request_line(kept), nullptr);
  };
  HookTalk(start()).request(kGet);
  expect_misuse("hook=flow_close", "function=hyalite_host_http.request_line", "does not lend");
}

TEST_F(ACheckedPlugin, MayNotCallFromAnotherThread) {
  in_request_head([](hyalite_exchange* x) {
    std::thread other([x] { EXPECT_EQ(http->reset(x, text("no")), HYALITE_E_INVALID); });
    other.join();
  });
  expect_misuse("hook=none", "function=hyalite_host_http.reset",
                "called outside of any hook, or from another thread");
}

TEST_F(ACheckedPlugin, MayCountInMetricsOnItsWorkersThreadOnly) {
  in_request_head([this](hyalite_exchange*) {
    std::thread other([this] { EXPECT_EQ(metrics->cell(host, 0), nullptr); });
    other.join();
  });
  expect_misuse("hook=none", "function=hyalite_host_metrics.cell", "called from another thread");
}

TEST_F(ACheckedPlugin, MayNotAskForItsSettingsInAHook) {
  in_request_head([this](hyalite_exchange*) { EXPECT_EQ(http->intern(host, text("X-A")), 0u); });
  expect_misuse("hook=request_head", "function=hyalite_host_http.intern",
                "allowed in validate and create only");
}

TEST_F(ACheckedPlugin, MayNotCountBeforeThereIsAWorker) {
  script.create = [](const hyalite_host* its) {
    EXPECT_EQ(metrics->cell(its, 0), nullptr);
    return HYALITE_OK;
  };
  start();
  // Before the board there is no count; the line is there.
  EXPECT_TRUE(scripted.logged("function=hyalite_host_metrics.cell"));
  EXPECT_TRUE(scripted.logged("allowed from start on, in a worker"));
}

TEST_F(ACheckedPlugin, IsToldOfBytesWithoutData) {
  in_request_head([](hyalite_exchange* x) {
    EXPECT_EQ(http->set_method(x, {nullptr, 3}), HYALITE_E_INVALID);
  });
  expect_misuse("hook=request_head", "function=hyalite_host_http.set_method",
                "bytes of a size without data");
}

TEST_F(ACheckedPlugin, IsToldOfAMissingPlaceForTheResult) {
  in_request_head([](hyalite_exchange* x) {
    EXPECT_EQ(http->finding(x, 0, nullptr), HYALITE_E_INVALID);
  });
  expect_misuse("hook=request_head", "function=hyalite_host_http.finding", "(NULL)");
}

TEST_F(ACheckedPlugin, IsToldOfWhatTheFunctionItselfRefuses) {
  in_request_head([](hyalite_exchange* x) {
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, text("Content-Length"), text("1"), 0),
              HYALITE_E_FORBIDDEN);
  });
  expect_misuse("hook=request_head", "function=hyalite_host_http.header_set", "HYALITE_E_FORBIDDEN");
}

TEST_F(ACheckedPlugin, IsToldOfAnOldView) {
  in_request_head([](hyalite_exchange* x) {
    const std::uint32_t old = http->headers(x, HYALITE_PART_REQUEST)->generation;
    EXPECT_EQ(http->header_set(x, HYALITE_PART_REQUEST, 0, text("X-A"), text("1"), 0), HYALITE_OK);
    EXPECT_EQ(http->header_set_at(x, HYALITE_PART_REQUEST, 0, old, text("2")), HYALITE_E_LATE);
  });
  expect_misuse("hook=request_head", "function=hyalite_host_http.header_set_at",
                "a view that is no longer true");
}

TEST_F(ACheckedPlugin, MayNotUseAWindowThatIsOver) {
  hyalite_window* kept = nullptr;
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    hyalite_body_options options{};
    options.size = sizeof options;
    options.mode = HYALITE_BODY_STREAM;
    EXPECT_EQ(http->body_interest(x, HYALITE_REQUEST, &options), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.request_body = [&](hyalite_exchange*, hyalite_window* window, const hyalite_window_view*) {
    kept = window;
    EXPECT_EQ(body->pass(window, 1), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  script.request_end = [&](hyalite_exchange*) { EXPECT_EQ(body->pass(kept, 1), HYALITE_E_INVALID); };
  Chain& chain = start();
  HookTalk talk(chain);
  talk.request(kGet);
  chain.body(talk.exchange, Direction::request).feed("x", true);
  chain.request_end(talk.exchange);
  expect_misuse("hook=request_end", "function=hyalite_host_body.pass", "a window");
}

TEST_F(ACheckedPlugin, ReadsPaintWhereAViewWas) {
  const hyalite_headers* kept = nullptr;
  const hyalite_header* first = nullptr;
  const hyalite_request_line* line = nullptr;
  in_request_head([&](hyalite_exchange* x) {
    kept = http->headers(x, HYALITE_PART_REQUEST);
    first = hyalite_header_at(kept, 0);
    line = http->request_line(x);
    EXPECT_EQ(view(first->name), "Host");
  });
  EXPECT_EQ(kept->count, 0xDDDDDDDDu);
  EXPECT_EQ(first->name.size, 0xDDDDDDDDDDDDDDDDu);
  EXPECT_EQ(line->method.size, 0xDDDDDDDDDDDDDDDDu);
}

TEST(AWindowOfACheckedPlugin, ReadsPaintWhereItsPiecesWere) {
  Output output;
  Window window({text("one"), text("two")}, {}, output);
  const hyalite_window_view kept = window.view(0, 0, 0);
  EXPECT_EQ(view(kept.segments[1]), "two");
  window.bury();
  for (std::size_t i = 0; i < kept.segment_count; ++i) EXPECT_EQ(kept.segments[i].size, 0xDDDDDDDDDDDDDDDDu) << i;
}

// What a plugin kept of a flow, seen when the flow is over.
std::string left_of_a_flow(ScriptedChain& scripted, Script script, bool validate) {
  constexpr std::size_t kSize = 24;
  char* kept = nullptr;
  script.flow_state = kSize;
  script.flow_open = [&](hyalite_flow*, void* state) {
    kept = static_cast<char*>(state);
    std::memcpy(kept, "state", 5);
    return HYALITE_CONTINUE;
  };
  PluginSettings settings;
  settings.name = "p0";
  settings.use = "scripted";
  settings.validate = validate;
  Chain& chain = scripted.add(std::move(script), settings).start();
  FlowSubject flow(some_flow());
  chain.flow_open(flow);
  chain.flow_close(flow, {});
  return std::string(kept, kSize);
}

TEST_F(ACheckedPlugin, ReadsPaintWhereAFlowWas) {
  EXPECT_EQ(left_of_a_flow(scripted, std::move(script), true), std::string(24, '\xDD'));
}

TEST(AnUncheckedPlugin, PaysForNoPaint) {
  ScriptedChain scripted;
  EXPECT_EQ(left_of_a_flow(scripted, {}, false).substr(0, 5), "state");
}

TEST_F(ACheckedPlugin, LeavesItsSuccessorTheHeadersAsTheyAre) {
  script.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    http->header_set(x, HYALITE_PART_REQUEST, 0, text("X-A"), text("1"), 0);
    return HYALITE_CONTINUE;
  };
  PluginSettings settings;
  settings.name = "p0";
  settings.use = "scripted";
  settings.validate = true;
  Script next;
  std::string seen;
  next.request_head = [&](hyalite_exchange*, const hyalite_headers* headers, void*) {
    for (std::size_t i = 0; i < headers->count; ++i)
      seen += std::string(view(hyalite_header_at(headers, i)->name)) + ' ';
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(std::move(script), settings).add(std::move(next)).start();
  HookTalk(chain).request(kGet);
  EXPECT_EQ(seen, "Host X-One Accept x-one X-A ");
}

TEST(AnUncheckedPlugin, GetsThePlainTables) {
  ScriptedChain scripted;
  const void* table = nullptr;
  Script script;
  script.create = [&](const hyalite_host* its) {
    table = its->get_interface(its, HYALITE_HOST_HTTP_ID);
    return HYALITE_OK;
  };
  scripted.add(std::move(script)).start();
  EXPECT_EQ(table, http_table());
}

}  // namespace
}  // namespace hyalite

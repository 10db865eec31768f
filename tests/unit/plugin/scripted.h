// Plugins as lambdas, and a chain to put them in: for tests of the plugin room.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <hyalite/plugin.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/reader.h"
#include "metrics/board.h"
#include "plugin/abi.h"
#include "plugin/chain.h"
#include "unit/plugin/logged_lines.h"

namespace hyalite {

// One plugin: a hook that is not set is NULL in its tables.
struct Script {
  std::function<hyalite_verdict(hyalite_flow*, void*)> flow_open;
  std::function<hyalite_verdict(hyalite_flow*, std::uint32_t)> protocol;
  std::function<hyalite_verdict(hyalite_flow*, const hyalite_client_hello*)> client_hello;
  std::function<hyalite_verdict(hyalite_flow*, const hyalite_tls_info*)> upstream_tls;
  std::function<hyalite_verdict(hyalite_flow*, const hyalite_tls_info*)> tls_done;
  std::function<hyalite_verdict(hyalite_flow*, const hyalite_address*)> upstream_connect;
  std::function<void(hyalite_flow*, const hyalite_flow_summary*)> flow_close;
  std::function<hyalite_verdict(hyalite_exchange*, const hyalite_headers*, void*)> request_head;
  std::function<hyalite_verdict(hyalite_exchange*, hyalite_window*, const hyalite_window_view*)>
      request_body;
  std::function<hyalite_verdict(hyalite_exchange*, const hyalite_headers*)> request_trailers;
  std::function<void(hyalite_exchange*)> request_end;
  std::function<hyalite_verdict(hyalite_exchange*, std::uint32_t)> response_info;
  std::function<hyalite_verdict(hyalite_exchange*, const hyalite_headers*)> response_head;
  std::function<hyalite_verdict(hyalite_exchange*, hyalite_window*, const hyalite_window_view*)>
      response_body;
  std::function<void(hyalite_exchange*)> response_end;
  std::function<hyalite_verdict(hyalite_exchange*, std::uint32_t)> tunnel_open;
  std::function<void(hyalite_exchange*, const hyalite_exchange_summary*)> exchange_end;
  std::function<hyalite_verdict(hyalite_flow*, hyalite_direction, hyalite_window*,
                                const hyalite_window_view*)>
      data;
  std::function<hyalite_verdict(hyalite_flow*, hyalite_direction, const hyalite_ws_message*)> ws_message;
  std::function<hyalite_verdict(hyalite_flow*, const hyalite_resumption*)> resume_flow;
  std::function<hyalite_verdict(hyalite_exchange*, const hyalite_resumption*)> resume_exchange;
  std::function<hyalite_verdict(hyalite_exchange*, const hyalite_headers*)> response_trailers;
  std::size_t flow_state = 0, exchange_state = 0;
  std::function<hyalite_status(void*)> exchange_init;
  std::function<void(void*)> exchange_fini;
  std::function<hyalite_status(const hyalite_host*)> create;
  std::function<void()> tick;
};

// The ABI's functions have no room for a lambda's own data: each slot is a set of functions with a
// script of its own.
template <int N>
struct ScriptSlot {
  static inline Script script;
  static Script& of(void* instance) { return *static_cast<Script*>(instance); }

  static hyalite_verdict flow_open(void* i, hyalite_flow* f, void* s) {
    return of(i).flow_open(f, s);
  }
  static hyalite_verdict protocol(void* i, hyalite_flow* f, void*, std::uint32_t p) {
    return of(i).protocol(f, p);
  }
  static hyalite_verdict upstream_connect(void* i, hyalite_flow* f, void*,
                                          const hyalite_address* a) {
    return of(i).upstream_connect(f, a);
  }
  static hyalite_verdict flow_close(void* i, hyalite_flow* f, void*,
                                    const hyalite_flow_summary* s) {
    return of(i).flow_close(f, s), HYALITE_CONTINUE;
  }
  static hyalite_verdict client_hello(void* i, hyalite_flow* f, void*,
                                      const hyalite_client_hello* h) {
    return of(i).client_hello(f, h);
  }
  static hyalite_verdict upstream_tls(void* i, hyalite_flow* f, void*, const hyalite_tls_info* t) {
    return of(i).upstream_tls(f, t);
  }
  static hyalite_verdict tls_done(void* i, hyalite_flow* f, void*, const hyalite_tls_info* t) {
    return of(i).tls_done(f, t);
  }
  static hyalite_verdict data(void* i, hyalite_flow* f, void*, hyalite_direction d,
                              hyalite_window* w, const hyalite_window_view* v) {
    return of(i).data(f, d, w, v);
  }
  static hyalite_verdict ws_message(void* i, hyalite_flow* f, void*, hyalite_direction d,
                                    const hyalite_ws_message* m) {
    return of(i).ws_message(f, d, m);
  }
  static hyalite_verdict request_head(void* i, hyalite_exchange* x, void* s,
                                      const hyalite_headers* h) {
    return of(i).request_head(x, h, s);
  }
  static hyalite_verdict request_body(void* i, hyalite_exchange* x, void*, hyalite_window* w,
                                      const hyalite_window_view* v) {
    return of(i).request_body(x, w, v);
  }
  static hyalite_verdict request_trailers(void* i, hyalite_exchange* x, void*,
                                          const hyalite_headers* h) {
    return of(i).request_trailers(x, h);
  }
  static hyalite_verdict request_end(void* i, hyalite_exchange* x, void*) {
    return of(i).request_end(x), HYALITE_CONTINUE;
  }
  static hyalite_verdict response_info(void* i, hyalite_exchange* x, void*, std::uint32_t status,
                                       const hyalite_headers*) {
    return of(i).response_info(x, status);
  }
  static hyalite_verdict response_head(void* i, hyalite_exchange* x, void*,
                                       const hyalite_headers* h) {
    return of(i).response_head(x, h);
  }
  static hyalite_verdict response_body(void* i, hyalite_exchange* x, void*, hyalite_window* w,
                                       const hyalite_window_view* v) {
    return of(i).response_body(x, w, v);
  }
  static hyalite_verdict response_trailers(void* i, hyalite_exchange* x, void*,
                                           const hyalite_headers* h) {
    return of(i).response_trailers(x, h);
  }
  static hyalite_verdict resume_flow(void* i, hyalite_flow* f, void*, const hyalite_resumption* r) {
    return of(i).resume_flow(f, r);
  }
  static hyalite_verdict resume_exchange(void* i, hyalite_exchange* x, void*,
                                         const hyalite_resumption* r) {
    return of(i).resume_exchange(x, r);
  }
  static hyalite_verdict response_end(void* i, hyalite_exchange* x, void*) {
    return of(i).response_end(x), HYALITE_CONTINUE;
  }
  static hyalite_verdict tunnel_open(void* i, hyalite_exchange* x, void*, std::uint32_t kind) {
    return of(i).tunnel_open(x, kind);
  }
  static hyalite_verdict exchange_end(void* i, hyalite_exchange* x, void*,
                                      const hyalite_exchange_summary* s) {
    return of(i).exchange_end(x, s), HYALITE_CONTINUE;
  }
  static hyalite_status exchange_init(void* i, void* s) { return of(i).exchange_init(s); }
  static void exchange_fini(void* i, void* s) { of(i).exchange_fini(s); }
  static hyalite_status tick(void* i) { return of(i).tick(), HYALITE_OK; }

#define PUT(table, hook) table.hook = script.hook ? &hook : nullptr
  static const void* get_interface(const char* id) {
    static hyalite_flow_hooks flow;
    static hyalite_tls_hooks tls;
    static hyalite_stream_hooks stream;
    static hyalite_ws_hooks ws;
    static hyalite_http_hooks http;
    static hyalite_state_hooks state;
    static hyalite_async_hooks async;
    flow = {sizeof flow, 0, nullptr, nullptr, nullptr, nullptr};
    PUT(flow, flow_open), PUT(flow, protocol), PUT(flow, upstream_connect), PUT(flow, flow_close);
    tls = {};
    tls.size = sizeof tls;
    PUT(tls, client_hello), PUT(tls, upstream_tls), PUT(tls, tls_done);
    stream = {sizeof stream, 0, nullptr};
    PUT(stream, data);
    ws = {sizeof ws, 0, nullptr};
    PUT(ws, ws_message);
    http = {};
    http.size = sizeof http;
    PUT(http, request_head), PUT(http, request_body), PUT(http, request_trailers),
        PUT(http, request_end);
    PUT(http, response_info), PUT(http, response_head), PUT(http, response_body),
        PUT(http, response_trailers), PUT(http, response_end);
    PUT(http, tunnel_open), PUT(http, exchange_end);
    state = {sizeof state, 0,       script.flow_state, script.exchange_state,
             nullptr,      nullptr, nullptr,           nullptr};
    PUT(state, exchange_init), PUT(state, exchange_fini);
    async = {sizeof async, 0, nullptr, nullptr};
    PUT(async, resume_flow), PUT(async, resume_exchange);
    const std::string_view wanted(id);
    if (wanted == HYALITE_ASYNC_ID) return &async;
    if (wanted == HYALITE_FLOW_ID) return &flow;
    if (wanted == HYALITE_TLS_ID) return &tls;
    if (wanted == HYALITE_STREAM_ID) return &stream;
    if (wanted == HYALITE_HTTP_ID) return &http;
    if (wanted == HYALITE_STATE_ID) return &state;
    if (wanted == HYALITE_WS_ID) return &ws;
    return nullptr;
  }
#undef PUT
  static hyalite_status create(const hyalite_host* host, void** instance) {
    *instance = &script;
    return script.create ? script.create(host) : HYALITE_OK;
  }
  static void destroy(void*) { script = {}; }
  static const hyalite_descriptor* descriptor() {
    static hyalite_descriptor d;
    d = {};
    d.magic = HYALITE_DESCRIPTOR_MAGIC;
    d.abi_major = HYALITE_ABI_MAJOR;
    d.abi_minor = HYALITE_ABI_MINOR;
    d.size = sizeof d;
    d.id = d.summary = "scripted";
    d.version = "1";
    d.license = "MIT";
    d.settings_schema = R"({"type":"object"})";
    d.get_interface = &get_interface;
    d.create = &create;
    d.tick = script.tick ? &tick : nullptr;
    d.destroy = &destroy;
    return &d;
  }
};

// A chain of scripts in a worker that was started. add() first, then start().
class ScriptedChain {
 public:
  explicit ScriptedChain(const ChainLimits& limits = {})
      : log_(LogLevel::debug, [this](std::string_view line) { lines.add(line); }),
        services_(std::make_unique<HostServices>(layout_, limits, nullptr, log_)) {}
  ~ScriptedChain() {
    if (chain_) chain_->destroy();
  }

  ScriptedChain& add(Script script, FailurePolicy policy = FailurePolicy::open,
                     GrantSettings grants = {true, true, true, true}) {
    PluginSettings settings;
    settings.name = "p" + std::to_string(instances_.size());
    settings.use = "scripted";
    settings.on_failure = policy;
    settings.grants = grants;
    return add(std::move(script), settings);
  }
  ScriptedChain& add(Script script, const PluginSettings& settings) {
    return add(put(std::move(script)), settings);
  }
  ScriptedChain& add(const hyalite_descriptor* descriptor, const PluginSettings& settings) {
    libraries_.push_back(std::make_unique<Library>(*Library::linked_in(descriptor, settings.use)));
    auto instance =
        std::make_unique<Instance>(settings, instances_.size(), *libraries_.back(), *services_);
    mistakes = instance->create("test.yaml");
    EXPECT_TRUE(mistakes.empty()) << text_of(mistakes);
    instances_.push_back(std::move(instance));
    return *this;
  }
  Chain& start() {
    chain_ =
        std::make_unique<Chain>(std::move(services_), std::move(libraries_), std::move(instances_));
    auto board = Board::make(layout_, 1);
    EXPECT_TRUE(board.has_value());
    board_.emplace(std::move(*board));
    chain_->async().open(clock, bell, outbound);
    EXPECT_TRUE(chain_->start(0, 1, board_->worker(0), &slot, &history).has_value());
    return *chain_;
  }

  std::uint64_t count(std::string_view metric, const std::string& instance) const {
    for (const MetricSeries& series : board_->layout().series()) {
      const bool is_it = board_->layout().families()[series.family].name == metric;
      for (const MetricLabel& label : series.labels) {
        if (is_it && label.name == "instance" && label.value == instance)
          return *board_->worker(0).cell(series.first);
      }
    }
    ADD_FAILURE() << "no " << metric << " of " << instance;
    return 0;
  }
  bool logged(std::string_view part) const { return lines.have(part); }

  // The loop's part: delivers what is due, if anybody rang or the time has come.
  void deliver() {
    bell.rung = false;
    chain_->deliver();
  }

  struct Bell final : LoopSignal {
    std::atomic<bool> rung{false};
    void signal() override { rung = true; }
  };
  Outbound* outbound = nullptr;  // before start()
  ManualClock clock;
  Bell bell;
  LoggedLines lines;
  Mistakes mistakes;
  CallSlot slot;
  CallHistory history{};

 private:
  const hyalite_descriptor* put(Script script) {
    switch (instances_.size()) {
      case 0:
        return put<0>(std::move(script));
      case 1:
        return put<1>(std::move(script));
      case 2:
        return put<2>(std::move(script));
      default:
        return put<3>(std::move(script));
    }
  }
  template <int N>
  const hyalite_descriptor* put(Script script) {
    ScriptSlot<N>::script = std::move(script);
    return ScriptSlot<N>::descriptor();
  }

  Layout layout_;
  Log log_;
  std::unique_ptr<HostServices> services_;
  std::vector<std::unique_ptr<Library>> libraries_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::optional<Board> board_;
  std::unique_ptr<Chain> chain_;
};

inline FlowFacts some_flow() {
  FlowFacts facts;
  facts.id = 7;
  facts.client = ClientAddress{*Address::parse("192.0.2.1:40000")};
  facts.destination = OriginalDestination{*Address::parse("[2001:db8::1]:80")};
  facts.arrived_by = ArrivedBy::redirect;
  facts.listener = "[::]:8080";
  return facts;
}

// A flow with one exchange of which the heads were read.
class HookTalk {
 public:
  explicit HookTalk(Chain& chain) : flow(some_flow()), exchange(flow, 1, arena), chain_(chain) {
    chain_.flow_open(flow);
    flow.set_protocol(Protocol::http1);
    chain_.exchange_open(exchange);
  }
  ~HookTalk() {
    chain_.exchange_end(exchange, {});
    chain_.flow_close(flow, {});
  }

  Answer request(std::string_view text) {
    RequestReader reader{HeadLimits{}};
    EXPECT_EQ(reader.read(keep(text), request_).step, HeadProgress::Step::complete) << text;
    exchange.request = &request_;
    return chain_.request_head(exchange);
  }
  Answer response(std::string_view text) {
    ResponseReader reader{HeadLimits{}};
    EXPECT_EQ(reader.read(keep(text), asked_by(request_), response_).step,
              HeadProgress::Step::complete)
        << text;
    exchange.response = &response_;
    return chain_.response_head(exchange);
  }

  FlowSubject flow;
  Arena arena;
  ExchangeSubject exchange;

 private:
  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }
  Chain& chain_;
  std::deque<std::string> texts_;
  RequestHead request_;
  ResponseHead response_;
};

inline constexpr std::string_view kGet =
    "GET /a?b=c HTTP/1.1\r\nHost: Example.com:80\r\nX-One: 1\r\nAccept: a\r\nx-one: 2\r\n\r\n";
inline constexpr std::string_view kOk =
    "HTTP/1.1 200 Fine\r\nServer: s\r\nContent-Length: 4\r\n\r\n";

}  // namespace hyalite

// What the border to plugins costs: a hook call, a look at headers, a piece of a body.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <hyalite/plugin.h>

#include <memory>
#include <string>
#include <vector>

#include "http/reader.h"
#include "metrics/board.h"
#include "plugin/abi.h"
#include "plugin/chain.h"

namespace hyalite {
namespace {

constexpr std::string_view kHead =
    "GET /a/path?with=a&query HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
    "Cookie: session=0123456789abcdef\r\nX-Tenant: one\r\nCache-Control: max-age=0\r\nConnection: keep-alive\r\n\r\n";

// What the only hook of the plugin does; each benchmark has its own.
struct Does {
  hyalite_verdict (*request_head)(hyalite_exchange*, const hyalite_headers*) = nullptr;
  hyalite_verdict (*request_body)(hyalite_window*, const hyalite_window_view*) = nullptr;
};
Does does;
std::uint16_t tenant = 0;
const hyalite_host_http* http = nullptr;
const hyalite_host_body* body = nullptr;

hyalite_verdict request_head(void*, hyalite_exchange* x, void*, const hyalite_headers* h) {
  return does.request_head(x, h);
}
hyalite_verdict request_body(void*, hyalite_exchange*, void*, hyalite_window* w, const hyalite_window_view* v) {
  return does.request_body(w, v);
}

const void* get_interface(const char* id) {
  static hyalite_http_hooks hooks;
  hooks = {};
  hooks.size = sizeof hooks;
  hooks.request_head = does.request_head != nullptr ? &request_head : nullptr;
  hooks.request_body = does.request_body != nullptr ? &request_body : nullptr;
  return std::string_view(id) == HYALITE_HTTP_ID ? &hooks : nullptr;
}

hyalite_status create(const hyalite_host* its, void** instance) {
  http = static_cast<const hyalite_host_http*>(its->get_interface(its, HYALITE_HOST_HTTP_ID));
  body = static_cast<const hyalite_host_body*>(its->get_interface(its, HYALITE_HOST_BODY_ID));
  tenant = http->intern(its, {"X-Tenant", 8});
  *instance = nullptr;
  return HYALITE_OK;
}
void destroy(void*) {}

// A chain of `plugins` instances that do this, and an exchange whose head was read.
class Bench {
 public:
  Bench(std::size_t plugins, const Does& what, bool validate = false) {
    does = what;
    static hyalite_descriptor descriptor;
    descriptor = {};
    descriptor.magic = HYALITE_DESCRIPTOR_MAGIC;
    descriptor.abi_major = HYALITE_ABI_MAJOR;
    descriptor.abi_minor = HYALITE_ABI_MINOR;
    descriptor.size = sizeof descriptor;
    descriptor.id = descriptor.summary = "bench";
    descriptor.version = "1";
    descriptor.license = "MIT";
    descriptor.get_interface = &get_interface;
    descriptor.create = &create;
    descriptor.destroy = &destroy;
    auto services = std::make_unique<HostServices>(layout_, ChainLimits{}, nullptr, log_);
    std::vector<std::unique_ptr<Library>> libraries;
    std::vector<std::unique_ptr<Instance>> instances;
    libraries.push_back(std::make_unique<Library>(*Library::linked_in(&descriptor, "bench")));
    for (std::size_t i = 0; i < plugins; ++i) {
      PluginSettings settings;
      settings.name = "p" + std::to_string(i);
      settings.use = "bench";
      settings.validate = validate;
      instances.push_back(std::make_unique<Instance>(settings, i, *libraries[0], *services));
      instances.back()->create("bench.yaml");
    }
    chain = std::make_unique<Chain>(std::move(services), std::move(libraries), std::move(instances));
    board_ = std::make_unique<Board>(std::move(*Board::make(layout_, 1)));
    (void)chain->start(0, 1, board_->worker(0), &slot_, &history_);
    FlowFacts facts;
    facts.client = ClientAddress{*Address::parse("192.0.2.1:40000")};
    facts.destination = OriginalDestination{*Address::parse("198.51.100.1:80")};
    flow = std::make_unique<FlowSubject>(facts);
    chain->flow_open(*flow);
    exchange = std::make_unique<ExchangeSubject>(*flow, 1, arena_);
    chain->exchange_open(*exchange);
    RequestReader(HeadLimits{}).read(kHead, head_);
    exchange->request = &head_;
  }
  ~Bench() { chain->destroy(); }

  std::unique_ptr<Chain> chain;
  std::unique_ptr<FlowSubject> flow;
  std::unique_ptr<ExchangeSubject> exchange;

 private:
  Layout layout_;
  Log log_{LogLevel::error, [](std::string_view) {}};
  std::unique_ptr<Board> board_;
  CallSlot slot_{};
  CallHistory history_{};
  Arena arena_;
  RequestHead head_;
};

hyalite_verdict nothing(hyalite_exchange*, const hyalite_headers*) { return HYALITE_CONTINUE; }

void ask(benchmark::State& state, Bench& bench) {
  for (auto _ : state) benchmark::DoNotOptimize(bench.chain->request_head(*bench.exchange));
}

// ---- calls. The difference between one and four plugins is three times the price of a call.

void HookThatNobodyWants(benchmark::State& state) {
  Bench bench(0, {});
  ask(state, bench);
}
BENCHMARK(HookThatNobodyWants);

void HookCall(benchmark::State& state) {
  Bench bench(static_cast<std::size_t>(state.range(0)), {&nothing, nullptr});
  ask(state, bench);
}
BENCHMARK(HookCall)->ArgName("plugins")->Arg(1)->Arg(4)->Arg(16);

void HookCallValidated(benchmark::State& state) {
  Bench bench(1, {&nothing, nullptr}, true);
  ask(state, bench);
}
BENCHMARK(HookCallValidated);

// ---- headers: ten look-ups in each call, less the call itself (HookCall/plugins:1)

void TenLookupsOfAWellKnownName(benchmark::State& state) {
  Bench bench(1, {[](hyalite_exchange*, const hyalite_headers* headers) -> hyalite_verdict {
                    for (int i = 0; i < 10; ++i) {
                      benchmark::DoNotOptimize(headers);
                      benchmark::DoNotOptimize(hyalite_header_find(headers, HYALITE_HEADER_COOKIE));
                    }
                    return HYALITE_CONTINUE;
                  },
                  nullptr});
  ask(state, bench);
}
BENCHMARK(TenLookupsOfAWellKnownName);

void TenLookupsOfAnInternedName(benchmark::State& state) {
  Bench bench(1, {[](hyalite_exchange*, const hyalite_headers* headers) -> hyalite_verdict {
                    for (int i = 0; i < 10; ++i) {
                      benchmark::DoNotOptimize(headers);
                      benchmark::DoNotOptimize(hyalite_header_find(headers, tenant));
                    }
                    return HYALITE_CONTINUE;
                  },
                  nullptr});
  ask(state, bench);
}
BENCHMARK(TenLookupsOfAnInternedName);

void RequestLine(benchmark::State& state) {
  Bench bench(1, {[](hyalite_exchange* x, const hyalite_headers*) -> hyalite_verdict {
                    benchmark::DoNotOptimize(http->request_line(x));
                    return HYALITE_CONTINUE;
                  },
                  nullptr});
  ask(state, bench);
}
BENCHMARK(RequestLine);

// ---- bodies: one piece through one plugin that passes it

void BodyPiece(benchmark::State& state) {
  static std::uint32_t mode;
  mode = static_cast<std::uint32_t>(state.range(0));
  Bench bench(1, {[](hyalite_exchange* x, const hyalite_headers*) -> hyalite_verdict {
                    hyalite_body_options options{};
                    options.size = sizeof options;
                    options.mode = mode;
                    http->body_interest(x, HYALITE_REQUEST, &options);
                    return HYALITE_CONTINUE;
                  },
                  [](hyalite_window* window, const hyalite_window_view* view) -> hyalite_verdict {
                    if (mode == HYALITE_BODY_STREAM) body->pass(window, view->length);
                    return HYALITE_CONTINUE;
                  }});
  bench.chain->request_head(*bench.exchange);
  BodyPipe pipe = bench.chain->body(*bench.exchange, Direction::request);
  const std::string piece(std::size_t{16} << 10, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(pipe.feed(piece, false).size);
}
BENCHMARK(BodyPiece)->ArgName("mode")->Arg(HYALITE_BODY_TAP)->Arg(HYALITE_BODY_STREAM);

void BodyPieceThatNobodyWants(benchmark::State& state) {
  Bench bench(1, {&nothing, nullptr});
  bench.chain->request_head(*bench.exchange);
  BodyPipe pipe = bench.chain->body(*bench.exchange, Direction::request);
  const std::string piece(std::size_t{16} << 10, 'x');
  for (auto _ : state) benchmark::DoNotOptimize(pipe.feed(piece, false).size);
}
BENCHMARK(BodyPieceThatNobodyWants);

}  // namespace
}  // namespace hyalite
BENCHMARK_MAIN();

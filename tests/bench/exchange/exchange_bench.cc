// Exchanges of one flow through the stage that inspects, with logger, rewriter and blocker at work; no sockets. What is done
// in measured_exchanges() is counted by others (callgrind, see count.py); allocations are counted here.
// Usage: bench_exchange PLUGINS FILE COUNT [REQUEST_FIELDS]
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "flow/inspecting.h"
#include "plugin/loader.h"
#include "settings/reader.h"

namespace {
// By the thread that inspects, not by the one that writes the log.
thread_local std::size_t allocations = 0;
}  // namespace

__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* at = std::malloc(size == 0 ? 1 : size)) return at;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* at) noexcept { std::free(at); }
__attribute__((noinline)) void operator delete(void* at, std::size_t) noexcept { std::free(at); }

namespace hyalite {
namespace {

// What a flow does: shows the bytes, sends what is asked for, forgets it.
class Wire {
 public:
  explicit Wire(Inspecting& stage) : stage_(stage) { (void)stage_.on_start(true, effects_); }
  // How many bytes went on to the other side.
  std::size_t say(Side from, Bytes bytes) {
    std::size_t sent = 0;
    while (!bytes.empty()) {
      const Taken taken = stage_.on_bytes(from, bytes, effects_);
      for (Bytes piece : effects_.to(other(from))) sent += piece.size();
      effects_.clear();
      if (taken.bytes == 0 || !std::holds_alternative<Stay>(taken.outcome)) return 0;
      bytes.remove_prefix(taken.bytes);
    }
    return sent;
  }

 private:
  Inspecting& stage_;
  Effects effects_;
};

struct Messages {
  std::string request, response;
};

Messages messages(std::size_t fields) {
  std::string request = "GET /articles/1?page=2 HTTP/1.1\r\nHost: www.example.org\r\nX-Debug: 1\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: text/html,application/xhtml+xml\r\n";
  for (std::size_t i = 0; i < fields; ++i) request += "X-Field-" + std::to_string(i) + ": some value of usual length\r\n";
  return {request + "\r\n",
          "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Wed, 01 Jul 2026 10:00:00 GMT\r\nContent-Type: text/html\r\n"
          "Content-Length: 1024\r\nLast-Modified: Wed, 01 Jul 2026 09:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"66826f52-400\"\r\n"
          "Accept-Ranges: bytes\r\n\r\n" + std::string(1024, 'x')};
}

std::string chain_of(const std::string& plugins, const std::string& log) {
  return "listeners: [ { address: \"[::]:8080\" } ]\nplugin_dirs: [ \"" + plugins + "\" ]\nplugins:\n"
      "  - { name: http-logger, use: http-logger, settings: { file: \"" + log + "\" } }\n"
      "  - { name: header-rewriter, use: header-rewriter, settings: { request: [ { remove: X-Debug }, { set: X-Checked, to: \"yes\" } ], "
      "response: [ { remove: Server } ] } }\n"
      "  - { name: blocker, use: blocker, settings: { hosts: [ ads.lab ] } }\n";
}

__attribute__((noinline)) std::size_t measured_exchanges(Wire& wire, const Messages& messages, std::size_t count) {
  std::size_t sent = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t asked = wire.say(Side::client, messages.request), answered = wire.say(Side::upstream, messages.response);
    if (asked == 0 || answered == 0) return 0;
    sent += asked + answered;
  }
  return sent;
}

int run(const std::string& plugins, const std::string& log_file, std::size_t count, std::size_t fields) {
  const auto fail = [](const std::string& why) { return std::fprintf(stderr, "%s\n", why.c_str()), 1; };
  auto read = read_settings(chain_of(plugins, log_file), "bench.yaml");
  if (!read) return fail(text_of(read.mistakes));
  // Whoever counts instructions is slow.
  read.settings.containment.call_budget.warn = std::chrono::hours{1};
  Log log(LogLevel::error, [](std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); });
  Layout layout;
  const TallyPlaces places = TallyPlaces::declare(layout);
  CallSlot slot;
  LoadOptions options;
  options.slot = &slot;
  ChainLoad load = load_chain(read.settings, options, layout, log);
  if (!load.chain) return fail(text_of(load.mistakes));
  auto board = Board::make(layout, 1);
  if (!board) return fail("no board");
  if (!load.chain->start(0, 1, board->worker(0), &slot)) return fail("the plugins did not start");
  const Bypass bypass(read.settings.bypass);
  Tally tally(board->worker(0), places);
  ManualClock clock;
  FlowFacts facts;
  facts.client = ClientAddress{*Address::parse("192.0.2.1:40000")};
  facts.destination = OriginalDestination{*Address::parse("198.51.100.1:80")};
  FlowFile file(facts, 0, ArrivalMode::transparent);
  ExchangePool pool(16);
  const InspectingNeeds needs{*load.chain, HttpRules(read.settings, read.settings.listeners[0]), bypass, clock, tally, log, pool};
  load.chain->flow_open(file.subject);
  std::size_t sent = 0, allocated = 0;
  {
    Inspecting stage(needs, file);
    Wire wire(stage);
    const Messages said = messages(fields);
    if (measured_exchanges(wire, said, 20) == 0) return fail("an exchange was not passed on");  // what is kept for the next is kept now
    const std::size_t before = allocations;
    sent = measured_exchanges(wire, said, count);
    allocated = allocations - before;
  }
  load.chain->flow_close(file.subject, {});
  load.chain->stop();
  std::printf("exchanges %zu bytes %zu allocations %zu\n", count, sent / count, allocated);
  return sent == 0 ? 1 : 0;
}

}  // namespace
}  // namespace hyalite

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: %s PLUGINS FILE COUNT [REQUEST_FIELDS]\n", argv[0]), 2;
  return hyalite::run(argv[1], argv[2], std::strtoul(argv[3], nullptr, 10), argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0);
}

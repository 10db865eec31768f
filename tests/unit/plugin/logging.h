// http-logger at work, and its records read again.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "settings/json.h"
#include "unit/plugin/loaded.h"

namespace hyalite {

inline std::string with_file(const std::string& path, const std::string& more = "") {
  return "  - { name: audit, use: http-logger, settings: { file: " + path + more + " } }\n";
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

// The logger writes by a thread of its own.
inline void wait_for(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited in vain";
    std::this_thread::yield();
  }
}

// A record, parsed.
class Record {
 public:
  explicit Record(const std::string& line) : document_(JsonDocument::parse(line)) {
    EXPECT_TRUE(document_) << line;
  }
  std::string text(std::string_view key) const {
    return std::string(document_->root().member(key).string().value_or("-"));
  }
  std::int64_t number(std::string_view key) const {
    return document_->root().member(key).integer().value_or(-1);
  }
  JsonView at(std::string_view pointer) const { return document_->root().at(pointer); }

 private:
  Result<JsonDocument> document_;
};

inline constexpr std::string_view kFull =
    "GET /a?b=\"c&token=secret3 HTTP/1.1\r\nHost: h.example:80\r\nUser-Agent: curl/8 "
    "\xff\r\nReferer: "
    "http://u:secret4@r/?sid=secret5\r\nCookie: secre=secret1\r\n"
    "Authorization: Basic c2VjcmV0\r\n\r\n";

// What became of it.
struct Trace {
  bool reset = false, decided = false;
  unsigned status = 0;
};

// One exchange; summary as the flow room would give it.
inline void converse(Chain& chain, std::string_view request, ExchangeSummary summary = {},
                     bool respond = true, Trace* trace = nullptr) {
  FlowSubject flow(some_flow());
  const bool opened = chain.flow_open(flow) == Answer::go_on;
  if (trace != nullptr) trace->reset = !opened;
  if (!opened) return chain.flow_close(flow, {});
  flow.set_protocol(Protocol::http1);
  Arena arena;
  ExchangeSubject exchange(flow, 3, arena);
  chain.exchange_open(exchange);
  RequestHead head;
  RequestReader(HeadLimits{}).read(request, head);
  exchange.request = &head;
  const bool decided = chain.request_head(exchange) == Answer::decided;
  if (decided && trace != nullptr) {
    if (const auto* page = std::get_if<Respond>(&exchange.decision().what))
      trace->status = page->status;
  }
  ResponseHead answer;
  if (respond && !decided) {
    ResponseReader(HeadLimits{})
        .read(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: secre=secret2; "
            "Path=/\r\n\r\n",
            asked_by(head), answer);
    exchange.response = &answer;
    chain.response_head(exchange);
  }
  if (trace != nullptr) trace->decided = decided;
  exchange.findings.add("hyalite", "host_differs_from_destination", "h");
  chain.exchange_end(exchange, summary);
  FlowSummary end;
  end.exchanges = 1;
  chain.flow_close(flow, end);
}

}  // namespace hyalite

// The phase chart of sdk/README.md against the engine: every hook fails once, with on_failure closed.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <hyalite/testing.hpp>

#include <fstream>
#include <map>
#include <vector>

using namespace hyalite::testing;

namespace {

std::string trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(' ');
  return from == text.npos ? std::string() : text.substr(from, text.find_last_not_of(' ') + 1 - from);
}

// What the chart says comes of a failure, by hook.
std::map<std::string, std::string> chart() {
  std::map<std::string, std::string> all;
  std::ifstream page(HYALITE_SOURCE_DIR "/sdk/README.md");
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    std::vector<std::string> cells;
    for (std::size_t at = 1, end; (end = line.find('|', at)) != line.npos; at = end + 1) cells.push_back(trimmed(line.substr(at, end - at)));
    if (cells.size() == 6) all[cells[0].substr(1, cells[0].size() - 2)] = cells[5];
  }
  return all;
}

void exchange(Talk& talk) {
  talk.client("POST /x HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
  talk.upstream("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  talk.upstream(chunked_response(200, {"hello"}, {}, {{"X-Sum", "2"}}));
  talk.client_ends();
}
void through_tls(Talk& talk) {
  talk.client_hello("h.example");
  exchange(talk);
}
void raw(Talk& talk) {
  talk.client("*1\r\n$4\r\nPING\r\n");
  talk.upstream("+PONG\r\n");
  talk.client_ends();
  talk.upstream_ends();
}
void connect(Talk& talk) {
  talk.client("CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n");
  talk.upstream("HTTP/1.1 200 Connected\r\n\r\n");
  talk.client_ends();
}

void websocket(Talk& talk) {
  talk.client("GET /x HTTP/1.1\r\nHost: h.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\n\r\n");
  talk.upstream("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  talk.client(std::string("\x89\x80\0\0\0\0", 6));  // a Ping
}

std::string what_comes_of(const std::string& hook) {
  const bool tls = hook == "client_hello" || hook == "upstream_tls" || hook == "tls_done";
  Bench bench(Plugin{BAD_PLUGIN_DIR "/throws.so", "in: " + hook, "tested", "on_failure: closed"},
              "tls: { action: intercept, ca: { certificate: ca.pem, key: ca.key } }\n");
  if (!bench) return bench.mistakes();
  Talk talk(bench);
  tls ? through_tls(talk) : hook == "data" ? raw(talk) : hook == "ws_message" ? websocket(talk) : hook == "tunnel_open" ? connect(talk) : exchange(talk);
  const bool reset = talk.client_was_reset();
  talk.cut_off();
  if (bench.count("errors_total") != 1) return "it failed " + std::to_string(bench.count("errors_total")) + " times";
  std::size_t last = 0;
  while (talk.to_client(last + 1).exists()) ++last;
  return talk.to_client(last).status == 503 ? "503" : reset ? "reset" : "(counted)";
}

TEST(PhaseChart, SaysWhatComesOfAFailureInEveryHook) {
  const auto hooks = chart();
  EXPECT_EQ(hooks.size(), 20u);
  for (const auto& [hook, said] : hooks) {
    const std::string seen = what_comes_of(hook);
    EXPECT_TRUE(said == seen || said == "503, or " + seen || said == seen + ", or reset") << hook << ": the chart says " << said << ", the engine " << seen;
  }
}

}  // namespace

// What the logger writes, and what it never does.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "http-logger/json_line.h"
#include "http-logger/line_file.h"
#include "settings/json.h"
#include "unit/plugin/loaded.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

std::string with_file(const std::string& path, const std::string& more = "") {
  return "  - { name: audit, use: http-logger, settings: { file: " + path + more + " } }\n";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
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

constexpr std::string_view kFull =
    "GET /a?b=\"c HTTP/1.1\r\nHost: h.example:80\r\nUser-Agent: curl/8 \xff\r\nReferer: "
    "http://r/\r\nCookie: secret=1\r\n"
    "Authorization: Basic c2VjcmV0\r\n\r\n";

// One exchange; summary as the flow room would give it.
void converse(Chain& chain, std::string_view request, ExchangeSummary summary = {},
              bool respond = true) {
  FlowSubject flow(some_flow());
  chain.flow_open(flow);
  flow.set_protocol(Protocol::http1);
  Arena arena;
  ExchangeSubject exchange(flow, 3, arena);
  chain.exchange_open(exchange);
  RequestHead head;
  RequestReader(HeadLimits{}).read(request, head);
  exchange.request = &head;
  const bool decided = chain.request_head(exchange) == Answer::decided;
  ResponseHead answer;
  if (respond && !decided) {
    ResponseReader(HeadLimits{})
        .read("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: secret=2\r\n\r\n",
              asked_by(head), answer);
    exchange.response = &answer;
    chain.response_head(exchange);
  }
  exchange.findings.add("hyalite", "host_differs_from_destination", "h");
  chain.exchange_end(exchange, summary);
  FlowSummary end;
  end.exchanges = 1;
  chain.flow_close(flow, end);
}

TEST(HttpLogger, WritesARecordOfEachExchange) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/http.ndjson";
  Loaded loaded(with_file(path));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  ExchangeSummary summary;
  summary.status = summary.upstream_status = 200;
  summary.from_client = 100, summary.to_upstream = 101, summary.from_upstream = 102,
  summary.to_client = 103;
  summary.response_content = 50;
  summary.started_at = WallTime{} + std::chrono::milliseconds(1'700'000'000'123);
  summary.duration = std::chrono::microseconds(12'345);
  summary.response_head = std::chrono::milliseconds(7);
  converse(chain, kFull, summary);
  chain.stop();
  const auto lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 1u);
  const Record record(lines[0]);
  EXPECT_EQ(record.text("time"), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(record.text("kind"), "exchange");
  EXPECT_EQ(record.number("flow"), 7);
  EXPECT_EQ(record.number("exchange"), 3);
  EXPECT_EQ(record.text("client"), "192.0.2.1");
  EXPECT_EQ(record.number("client_port"), 40000);
  EXPECT_EQ(record.text("destination"), "2001:db8::1");
  EXPECT_EQ(record.text("arrival"), "redirect");
  EXPECT_EQ(record.text("listener"), "[::]:8080");
  EXPECT_EQ(record.text("method"), "GET");
  EXPECT_EQ(record.text("host"), "h.example:80");
  EXPECT_EQ(record.text("target"), "/a?b=\"c");
  EXPECT_EQ(record.text("user_agent"), "curl/8 \xef\xbf\xbd");
  EXPECT_EQ(record.text("referrer"), "http://r/");
  EXPECT_EQ(record.text("content_type"), "text/html");
  EXPECT_EQ(record.number("status"), 200);
  EXPECT_EQ(record.number("response_content"), 50);
  EXPECT_EQ(record.number("to_client"), 103);
  EXPECT_EQ(record.text("end"), "complete");
  EXPECT_EQ(record.at("/duration_ms").text(), "12.345");
  EXPECT_EQ(record.at("/findings/0/name").string(), "host_differs_from_destination");
  EXPECT_EQ(record.text("decided_by"), "-");
}

TEST(HttpLogger, NeverWritesSecrets) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path));
  Chain& chain = loaded.start();
  converse(chain, kFull);
  chain.stop();
  EXPECT_FALSE(contains(read_file(path), "secret"));
  EXPECT_FALSE(contains(read_file(path), "c2VjcmV0"));
}

TEST(HttpLogger, WritesWhatTheClientAskedForNotWhatBecameOfIt) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path) +
                "  - { name: edit, use: header-rewriter, settings: { request: [ { remove: "
                "User-Agent } ] } }\n");
  Chain& chain = loaded.start();
  converse(chain, kFull);
  chain.stop();
  EXPECT_TRUE(contains(read_file(path), "\"user_agent\":\"curl/8"));
}

TEST(HttpLogger, SaysWhoBlockedAndWhy) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path) +
                "  - { name: ads, use: blocker, settings: { hosts: [ h.example ] } }\n");
  Chain& chain = loaded.start();
  ExchangeSummary summary;
  summary.end = End::blocked;
  summary.status = 403;
  converse(chain, kFull, summary);
  chain.stop();
  const Record record(lines_of(read_file(path)).at(0));
  EXPECT_EQ(record.text("end"), "blocked");
  EXPECT_EQ(record.text("decided_by"), "ads");
  EXPECT_EQ(record.text("decision"), "h.example (hosts)");
  EXPECT_EQ(record.number("upstream_status"), -1);
}

TEST(HttpLogger, WritesRefusedRequestsOfWhichNoHeadCame) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path));
  Chain& chain = loaded.start();
  {
    FlowSubject flow(some_flow());
    chain.flow_open(flow);
    Arena arena;
    ExchangeSubject exchange(flow, 1, arena);
    chain.exchange_open(exchange);
    ExchangeSummary summary;
    summary.end = End::client_refused;
    summary.reason = "client.both_lengths";
    chain.exchange_end(exchange, summary);
    FlowSummary end;
    end.exchanges = 1;
    chain.flow_close(flow, end);
  }
  chain.stop();
  const Record record(lines_of(read_file(path)).at(0));
  EXPECT_EQ(record.text("end"), "client_refused");
  EXPECT_EQ(record.text("reason"), "client.both_lengths");
  EXPECT_EQ(record.text("method"), "-");
}

TEST(HttpLogger, WritesFlowsThatWereNotInspected) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path));
  Chain& chain = loaded.start();
  ClientHello hello;
  hello.server_name_kind = ServerName::host;
  hello.server_name = "tls.example";
  hello.alpn = {"h2", "\"\xff"};
  FlowSubject flow(some_flow());
  chain.flow_open(flow);
  flow.set_protocol(Protocol::tls);
  flow.set_client_hello(hello);
  FlowSummary summary;
  summary.bypass = "tls";
  summary.to_client = 9;
  chain.flow_close(flow, summary);
  chain.stop();
  const Record record(lines_of(read_file(path)).at(0));
  EXPECT_EQ(record.text("kind"), "flow");
  EXPECT_EQ(record.text("protocol"), "tls");
  EXPECT_EQ(record.text("server_name"), "tls.example");
  EXPECT_EQ(record.at("/alpn/0").string(), "h2");
  EXPECT_EQ(record.text("uninspected"), "tls");
  EXPECT_EQ(record.number("to_client"), 9);
}

TEST(HttpLogger, BuffersAndWritesInTime) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 60000"));
  Chain& chain = loaded.start();
  converse(chain, kFull);  // the first is written at once: nothing was for long
  converse(chain, kFull);
  EXPECT_EQ(lines_of(read_file(path)).size(), 1u);
  chain.drain();
  EXPECT_EQ(lines_of(read_file(path)).size(), 2u);
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path)).size(), 3u);
}

TEST(HttpLogger, OpensItsFileAgainAfterItWasMoved) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 60000"));
  Chain& chain = loaded.start();
  converse(chain, kFull);
  converse(chain, kFull);
  std::filesystem::rename(path, path + ".1");
  chain.reopen();
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path + ".1")).size(), 2u);
  EXPECT_EQ(lines_of(read_file(path)).size(), 1u);
}

TEST(HttpLogger, SaysAtCheckThatItsFileCannotBe) {
  const Loaded loaded(with_file("/nowhere/at/all.ndjson"));
  EXPECT_TRUE(
      contains(loaded.mistakes, "cannot be created: /nowhere/at: No such file or directory"))
      << loaded.mistakes;
  const Scratch scratch;
  EXPECT_TRUE(contains(Loaded(with_file(scratch.path())).mistakes, "Is a directory"));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/l"));
  EXPECT_TRUE(Loaded(with_file(scratch.path() + "/l")).worked());
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/l"));
}

TEST(LineFile, NeverWaitsForAReader) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  LineFile file({path, 1, 0, 200'000});
  ASSERT_EQ(file.open(), "");
  const std::string line(999, 'x');
  int taken = 0;
  while (taken < 100'000 && file.add(line + "\n", 1)) ++taken;
  EXPECT_LE(file.waiting(), 200'000u);
  EXPECT_GT(file.waiting(), 190'000u);
  EXPECT_TRUE(contains(file.trouble(), "nobody reads"));
  std::string got(65'536, '\0');
  for (ssize_t n; (n = ::read(reader, got.data(), got.size())) > 0 || file.waiting() > 0;) {
    file.flush(2);
    ASSERT_TRUE(n <= 0 || got.find("xx") != std::string::npos);
  }
  EXPECT_EQ(file.waiting(), 0u);
  ::close(reader);
}

TEST(LineFile, KeepsWhatADeadFileDidNotTake) {
  LineFile file({"/dev/full", 1, 0, 1'000});
  ASSERT_EQ(file.open(), "");
  EXPECT_TRUE(file.add(std::string(600, 'x') + "\n", 1));
  EXPECT_TRUE(contains(file.trouble(), "No space left"));
  EXPECT_EQ(file.waiting(), 601u);
  EXPECT_FALSE(file.add(std::string(600, 'x') + "\n", 2));
}

TEST(JsonLine, IsAlwaysOneValidLine) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& text :
       {all, std::string("\xc3"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
        std::string("\xe2\x82\xac"), std::string(20'000, '\xc3')}) {
    JsonLine line;
    line.text("t", text);
    line.number("n", UINT64_MAX);
    const auto parsed = JsonDocument::parse("{" + line.members() + "}");
    ASSERT_TRUE(parsed) << line.members();
    EXPECT_FALSE(contains(line.members(), "\n"));
    EXPECT_LT(line.members().size(), 3 * JsonLine::kMostTextBytes + 100);
  }
  std::string euro;
  append_json_string("\xe2\x82\xac", euro);
  EXPECT_EQ(euro, "\"\xe2\x82\xac\"");
}

}  // namespace
}  // namespace hyalite

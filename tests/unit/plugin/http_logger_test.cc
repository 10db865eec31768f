// What the logger writes, and what it never does.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "http-logger/json_line.h"
#include "settings/json.h"
#include "settings/json_schema.h"
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

// The logger writes by a thread of its own.
void wait_for(const std::function<bool()>& condition) {
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

constexpr std::string_view kFull =
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
void converse(Chain& chain, std::string_view request, ExchangeSummary summary = {},
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
  summary.request_head = std::chrono::milliseconds(1);
  summary.response_head = std::chrono::milliseconds(7);
  converse(chain, kFull, summary);
  chain.stop();
  const auto lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 1u);
  const Record record(lines[0]);
  EXPECT_EQ(record.number("schema"), 1);
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
  EXPECT_EQ(record.text("target"), "/a?b=\"c&token=[redacted]");
  EXPECT_EQ(record.text("user_agent"), "curl/8 \xef\xbf\xbd");
  EXPECT_EQ(record.text("referrer"), "http://[redacted]@r/?sid=[redacted]");
  EXPECT_EQ(record.text("content_type"), "text/html");
  EXPECT_EQ(record.number("status"), 200);
  EXPECT_EQ(record.number("response_content"), 50);
  EXPECT_EQ(record.number("to_client"), 103);
  EXPECT_EQ(record.text("end"), "complete");
  EXPECT_EQ(record.at("/duration_ms").text(), "12.345");
  EXPECT_EQ(record.at("/phases_ms/request_head").text(), "1.0");
  EXPECT_EQ(record.at("/phases_ms/response_head").text(), "7.0");
  EXPECT_EQ(record.at("/phases_ms/connected").text(), "");
  EXPECT_EQ(record.at("/findings/0/name").string(), "host_differs_from_destination");
  EXPECT_EQ(record.text("decided_by"), "-");
  EXPECT_EQ(loaded.counter("hyalite_plugin_http_logger_records_accepted_total"), 1u);
  EXPECT_EQ(loaded.counter("hyalite_plugin_http_logger_records_written_total"), 1u);
  EXPECT_EQ(loaded.counter("hyalite_plugin_http_logger_records_lost_total"), 0u);
}

TEST(HttpLogger, LeavesSecretsOutOfWhateverItWrites) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  const std::string headers =
      ", request_headers: [ COOKIE, Authorization, Host, Referer ], response_headers: [ set-cookie "
      "]";
  Loaded loaded(with_file(path, headers));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  converse(chain, kFull);
  chain.stop();
  const std::string text = read_file(path);
  EXPECT_FALSE(contains(text, "secret")) << text;
  EXPECT_FALSE(contains(text, "c2VjcmV0")) << text;
  const Record record(text);
  EXPECT_EQ(record.at("/request_headers/cookie/0").string(), "secre=[redacted]");
  EXPECT_EQ(record.at("/request_headers/authorization/0").string(), "Basic [redacted]");
  EXPECT_EQ(record.at("/request_headers/host/0").string(), "h.example:80");
  EXPECT_EQ(record.at("/request_headers/referer/0").string(),
            "http://[redacted]@r/?sid=[redacted]");
  EXPECT_EQ(record.at("/response_headers/set-cookie/0").string(), "secre=[redacted]; Path=/");

  Loaded open(with_file(path + "2", headers + ", redact: false"));
  Chain& telling = open.start();
  converse(telling, kFull);
  telling.stop();
  EXPECT_TRUE(contains(read_file(path + "2"), "Basic c2VjcmV0"));
  EXPECT_TRUE(contains(read_file(path + "2"), "token=secret3"));
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
  EXPECT_EQ(record.text("kind"), "tunnel");
  EXPECT_EQ(record.text("protocol"), "tls");
  EXPECT_EQ(record.text("server_name"), "tls.example");
  EXPECT_EQ(record.at("/alpn/0").string(), "h2");
  EXPECT_EQ(record.text("uninspected"), "tls");
  EXPECT_EQ(record.number("to_client"), 9);
}

// Every record that the tests of this file write, and more.
std::vector<std::string> all_kinds_of_records() {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(
      path, ", flows: all, request_headers: [ Cookie, X-None ], response_headers: [ Set-Cookie ]"));
  Chain& chain = loaded.start();
  ExchangeSummary summary;
  summary.status = summary.upstream_status = 200;
  summary.request_head = summary.connected = summary.request_sent = summary.response_head =
      std::chrono::milliseconds(3);
  summary.reason = "client.bad_chunk_size";
  converse(chain, kFull, summary);
  converse(chain, kFull, {}, false);
  FlowSubject flow(some_flow());
  chain.flow_open(flow);
  flow.set_protocol(Protocol::tls);
  ClientHello hello;
  hello.alpn = {"h2"};
  flow.set_client_hello(hello);
  FlowSummary passed;
  passed.bypass = "tls";
  chain.flow_close(flow, passed);
  chain.stop();
  return lines_of(read_file(path));
}

nlohmann::json record_schema() {
  return nlohmann::json::parse(
      read_file(std::string(HYALITE_SOURCE_DIR) + "/plugins/http-logger/record.schema.json"));
}

// Readers ignore members that they do not know. We know ours: each must stand in the schema.
void forbid_unknown_members(nlohmann::json& schema) {
  for (nlohmann::json* object :
       {&schema, &schema["properties"]["phases_ms"], &schema["properties"]["findings"]["items"]})
    (*object)["additionalProperties"] = false;
}

std::string complaints(const nlohmann::json& record, const nlohmann::json& schema) {
  std::string text;
  const auto found = complaints_about(record, schema);
  if (!found) return found.error().text;
  for (const Complaint& one : *found) text += one.text + "; ";
  return text;
}

TEST(HttpLogger, WritesWhatItsSchemaSays) {
  nlohmann::json schema = record_schema();
  forbid_unknown_members(schema);
  const auto records = all_kinds_of_records();
  ASSERT_EQ(records.size(), 5u);
  for (const std::string& line : records)
    EXPECT_EQ(complaints(nlohmann::json::parse(line), schema), "") << line;
}

// A schema that allows everything would prove nothing.
TEST(HttpLogger, TheSchemaRefusesWhatIsNoRecord) {
  const nlohmann::json schema = record_schema();
  for (const std::string& line : all_kinds_of_records()) {
    const auto record = nlohmann::json::parse(line);
    for (const auto& [key, value] : record.items()) {
      auto changed = record;
      changed[key] = value.is_object() || value.is_array() ? nlohmann::json(true)
                                                           : nlohmann::json::array({value});
      EXPECT_NE(complaints(changed, schema), "") << "another type of " << key << ": " << changed;
    }
    for (const auto& required : schema["required"]) {
      auto changed = record;
      changed.erase(required.get<std::string>());
      EXPECT_NE(complaints(changed, schema), "") << "without " << required;
    }
    for (const auto& [pointer, bad] :
         std::vector<std::pair<const char*, nlohmann::json>>{{"/schema", 2},
                                                             {"/kind", "flows"},
                                                             {"/time", "2023-11-14 22:13:20Z"},
                                                             {"/client_port", 70'000},
                                                             {"/from_client", -1},
                                                             {"/duration_ms", -0.5},
                                                             {"/end", "ended"},
                                                             {"/arrival", "walked"}}) {
      auto changed = record;
      changed[nlohmann::json::json_pointer(pointer)] = bad;
      EXPECT_NE(complaints(changed, schema), "") << pointer << bad;
    }
    auto exchange = record;
    exchange.erase("exchange"), exchange.erase("exchanges");
    EXPECT_NE(complaints(exchange, schema), "");
  }
}

TEST(HttpLogger, CutsWhatIsTooLongAndSaysSo) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path,
                          ", record_bytes: 4096, request_headers: [ Cookie, X-A ], "
                          "response_headers: [ Set-Cookie ], flows: all"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  std::string fields;
  for (int i = 0; i < 60; ++i) fields += "X-A: " + std::string(200, '\x80') + "\r\n";
  const std::string request =
      "GET /" + std::string(9'000, '"') + " HTTP/1.1\r\nHost: " + std::string(250, 'h') +
      "\r\nUser-Agent: " + std::string(3'000, '\xff') + "\r\nReferer: " + std::string(3'000, 'r') +
      "\r\nContent-Type: " + std::string(3'000, 't') + "\r\n" + fields + "\r\n";
  ExchangeSummary summary;
  summary.status = summary.upstream_status = 200;
  const std::string reason(300, 'x');
  summary.reason = reason;
  for (auto* size : {&summary.from_client, &summary.to_upstream, &summary.from_upstream,
                     &summary.to_client, &summary.request_content, &summary.response_content})
    *size = INT64_MAX;
  converse(chain, request, summary);
  chain.stop();
  const auto lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_LT(lines[0].size(), 4096u);
  const auto record = nlohmann::json::parse(lines[0], nullptr, false);
  ASSERT_TRUE(record.is_object()) << lines[0];
  EXPECT_EQ(record["truncated"], true);
  EXPECT_EQ(record["method"], "GET");
  EXPECT_EQ(record["status"], 200);
  EXPECT_EQ(complaints(record, record_schema()), "");
  EXPECT_FALSE(nlohmann::json::parse(lines[1]).contains("truncated"));
}

TEST(HttpLogger, WritesTheCombinedFormat) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  ExchangeSummary summary;
  summary.status = 200;
  summary.response_content = 50;
  summary.started_at = WallTime{} + std::chrono::seconds(1'700'000'000);
  for (const char* format : {"combined", "vhost_combined"}) {
    Loaded loaded(with_file(path, std::string(", flows: all, format: ") + format));
    ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
    Chain& chain = loaded.start();
    converse(chain, kFull, summary);
    // No whole request came.
    FlowSubject flow(some_flow());
    chain.flow_open(flow);
    Arena arena;
    ExchangeSubject exchange(flow, 1, arena);
    chain.exchange_open(exchange);
    chain.exchange_end(exchange, summary);
    chain.flow_close(flow, {});
    chain.stop();
  }
  const std::string rest =
      "192.0.2.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /a?b=\\\"c&token=[redacted] HTTP/1.1\" 200 "
      "50 "
      "\"http://[redacted]@r/?sid=[redacted]\" \"curl/8 \\xff\"\n";
  const std::string none = "192.0.2.1 - - [14/Nov/2023:22:13:20 +0000] \"-\" 200 50 \"-\" \"-\"\n";
  EXPECT_EQ(read_file(path), rest + none + "h.example:80 " + rest + "2001:db8::1:80 " + none);
}

// A client cannot make lines or fields of its own in any format.
TEST(HttpLogger, LetsNobodyWriteIntoTheLog) {
  const Scratch scratch;
  std::string everything;
  for (int c = 0x80; c < 0x100; ++c) everything += static_cast<char>(c);
  const std::string request =
      "GET /\"a\\\" HTTP/1.1\r\nHost: h\r\nUser-Agent: \" 200 - \"\\\t\xc2\x9b" + everything +
      "\r\n\r\n";
  for (const char* format : {"ndjson", "combined", "vhost_combined"}) {
    const std::string path = scratch.path() + "/" + format;
    Loaded loaded(with_file(path, std::string(", format: ") + format));
    Chain& chain = loaded.start();
    converse(chain, request);
    chain.stop();
    const std::string text = read_file(path);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      EXPECT_TRUE(c >= 0x20 && c != 0x7f) << format << " has " << int{c};
    }
    EXPECT_FALSE(contains(text, "\xc2\x9b"));
    // Every quote that the client sent is escaped: what is left are the format's own.
    std::size_t quotes = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\')
        ++i;
      else
        quotes += text[i] == '"' ? 1u : 0u;
    }
    EXPECT_TRUE(quotes == 6 || std::string_view(format) == "ndjson") << text;
  }
}

TEST(HttpLogger, WritesAtOnceOrInTimeOrInTheEnd) {
  const Scratch scratch;
  const std::string now = scratch.path() + "/now", soon = scratch.path() + "/soon",
                    late = scratch.path() + "/late";
  Loaded loaded(
      with_file(now, ", flush_ms: 0") +
      "  - { name: b, use: http-logger, settings: { file: " + soon + ", flush_ms: 10 } }\n" +
      "  - { name: c, use: http-logger, settings: { file: " + late + ", flush_ms: 60000 } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  for (std::size_t i = 1; i <= 3; ++i) {
    converse(chain, kFull);
    wait_for([&] {
      return lines_of(read_file(now)).size() == i && lines_of(read_file(soon)).size() == i;
    });
  }
  EXPECT_EQ(read_file(late), "");
  chain.stop();
  EXPECT_EQ(lines_of(read_file(late)).size(), 3u);
}

TEST(HttpLogger, WritesEarlyWhenMuchWaits) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 60000"));
  Chain& chain = loaded.start();
  for (int i = 0; i < 400; ++i) converse(chain, kFull);
  wait_for([&] { return read_file(path).size() >= 64 * 1024; });
  chain.stop();
  EXPECT_EQ(lines_of(read_file(path)).size(), 400u);
}

TEST(HttpLogger, OpensItsFileAgainAfterItWasMoved) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", flush_ms: 60000"));
  Chain& chain = loaded.start();
  converse(chain, kFull);
  converse(chain, kFull);
  wait_for([&] { return std::filesystem::exists(path); });
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
  EXPECT_TRUE(contains(loaded.mistakes, "test.yaml:3:")) << loaded.mistakes;
  const Scratch scratch;
  EXPECT_TRUE(contains(Loaded(with_file(scratch.path())).mistakes, "Is a directory"));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/l"));
  EXPECT_TRUE(Loaded(with_file(scratch.path() + "/l")).worked());
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/l"));
}

TEST(HttpLogger, TellsEveryOtherMistake) {
  const auto mistakes = [](const std::string& settings) {
    return Loaded("  - { name: a, use: http-logger, settings: { " + settings + " } }\n").mistakes;
  };
  EXPECT_TRUE(contains(mistakes("flows: all"), "does not say where records go"));
  EXPECT_TRUE(contains(mistakes("file: \"-\""), "for standard output write `to: stdout`"));
  EXPECT_TRUE(contains(mistakes("to: stdout, file: /tmp/x"), "is not needed"));
  EXPECT_TRUE(contains(mistakes("to: stdout, journal_socket: /tmp/x"),
                       "is of use with `to: journal` only"));
  EXPECT_TRUE(contains(mistakes("to: journal, journal_socket: /nowhere/socket"),
                       "/nowhere/socket: No such file or directory"));
  EXPECT_TRUE(contains(mistakes("to: stdout, format: combined, request_headers: [ X ]"),
                       "has no place in this format"));
  EXPECT_TRUE(
      contains(mistakes("to: stdout, request_headers: [ \"a b\" ]"), "is not a header's name"));
  EXPECT_EQ(mistakes("to: stdout, request_headers: [ Connection ]"), "");
}

// A reader that does not read, as a disk that does not write.
class Reader {
 public:
  explicit Reader(const std::string& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  }
  ~Reader() { ::close(fd_); }
  // All that is there now.
  std::string read() const {
    std::string all, piece(65'536, '\0');
    for (ssize_t n; (n = ::read(fd_, piece.data(), piece.size())) > 0;)
      all.append(piece, 0, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int fd_;
};

constexpr const char* kAccepted = "hyalite_plugin_http_logger_records_accepted_total";
constexpr const char* kWritten = "hyalite_plugin_http_logger_records_written_total";
constexpr const char* kDropped = "hyalite_plugin_http_logger_records_dropped_total";
constexpr const char* kLost = "hyalite_plugin_http_logger_records_lost_total";

TEST(HttpLogger, DropsAndCountsWhatTheDiskIsTooSlowFor) {
  const Scratch scratch;
  const Reader reader(scratch.path() + "/pipe");
  Loaded loaded(
      with_file(scratch.path() + "/pipe", ", buffer_bytes: 65536, flush_ms: 0, stop_wait_ms: 0"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  std::uint64_t made = 0;
  for (; loaded.counter(kDropped) < 10; ++made) {
    Trace trace;
    converse(chain, kFull, {}, true, &trace);
    ASSERT_FALSE(trace.reset || trace.decided);
    ASSERT_LT(made, 100'000u);
  }
  wait_for([&] { return loaded.logged("records cannot be written"); });
  EXPECT_TRUE(loaded.logged("nobody reads"));
  EXPECT_EQ(loaded.counter(kAccepted) + loaded.counter(kDropped), made);
  // Read again: whole lines, one after the other, and nothing that was accepted is missing.
  std::string text;
  wait_for([&] {
    text += reader.read();
    return loaded.counter(kWritten) == loaded.counter(kAccepted);
  });
  text += reader.read();
  const auto lines = lines_of(text);
  EXPECT_EQ(lines.size(), loaded.counter(kAccepted));
  for (const std::string& line : lines) Record{line};
  wait_for([&] { return loaded.logged("records are written again"); });
}

TEST(HttpLogger, StopsTrafficWhereThatIsAskedFor) {
  const Scratch scratch;
  const Reader reader(scratch.path() + "/pipe");
  Loaded loaded(
      with_file(scratch.path() + "/pipe", ", buffer_bytes: 65536, flush_ms: 0, when_stuck: stop"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  FlowSubject early(some_flow());  // opened while all was well
  ASSERT_EQ(chain.flow_open(early), Answer::go_on);
  Trace trace;
  for (int made = 0; !trace.reset; ++made) {
    converse(chain, kFull, {}, true, &trace);
    ASSERT_LT(made, 100'000);
  }
  EXPECT_EQ(loaded.counter(kDropped), 0u);
  // Its next request is answered, not reset.
  Arena arena;
  ExchangeSubject exchange(early, 1, arena);
  chain.exchange_open(exchange);
  RequestHead head;
  RequestReader(HeadLimits{}).read(kFull, head);
  exchange.request = &head;
  EXPECT_EQ(chain.request_head(exchange), Answer::decided);
  EXPECT_EQ(std::get<Respond>(exchange.decision().what).status, 503u);
  EXPECT_EQ(exchange.decision().reason, "the log cannot be written");
  chain.exchange_end(exchange, {});
  chain.flow_close(early, {});
  EXPECT_GE(loaded.counter("hyalite_plugin_http_logger_refused_total"), 2u);
  // Once it is read again, traffic passes again.
  wait_for([&] {
    reader.read();
    converse(chain, kFull, {}, true, &trace);
    return !trace.reset && !trace.decided;
  });
  reader.read();
  chain.stop();
  EXPECT_EQ(loaded.counter(kWritten) + loaded.counter(kLost), loaded.counter(kAccepted));
}

TEST(HttpLogger, CountsWhatAWorkerThatCrashedHadNotWritten) {
  const Scratch scratch;
  Loaded loaded(with_file(scratch.path() + "/l"));
  loaded.counter(kAccepted) = 12;
  loaded.counter(kWritten) = 7;
  loaded.counter(kLost) = 2;
  Chain& chain = loaded.start();
  EXPECT_EQ(loaded.counter(kLost), 5u);
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(loaded.counter(kLost), 5u);
  EXPECT_EQ(loaded.counter(kAccepted), loaded.counter(kWritten) + loaded.counter(kLost));
}

TEST(HttpLogger, CountsWhatItCouldNotWriteInTheEnd) {
  Loaded loaded(with_file("/dev/full", ", stop_wait_ms: 0"));
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  converse(chain, kFull);
  chain.stop();
  EXPECT_EQ(loaded.counter(kLost), 1u);
  EXPECT_EQ(loaded.counter(kWritten), 0u);
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
    const std::string members(line.members());
    ASSERT_TRUE(JsonDocument::parse("{" + members + "}")) << members;
    EXPECT_FALSE(contains(members, "\n"));
    EXPECT_LT(members.size(), JsonLine::kMostTextBytes + 100);
    EXPECT_EQ(line.cut(), text.size() > 10'000);
  }
  std::string euro;
  append_json_string("\xe2\x82\xac", euro);
  EXPECT_EQ(euro, "\"\xe2\x82\xac\"");
}

// Eight characters are looked at together: each is seen wherever it stands, and nothing else is taken for it.
TEST(JsonLine, EveryCharacterIsSeenAtEveryPlace) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 17; ++at) {
      std::string text(17, 'x'), expected;
      text[at] = static_cast<char>(c);
      append_json_string(text, expected);
      JsonLine line;
      line.text("t", text);
      ASSERT_EQ(line.members(), "\"t\":" + expected) << c << " at " << at;
    }
  }
}

// Memory of a line before, shorter or longer, is no part of the next.
TEST(JsonLine, NothingOfTheLineBeforeIsLeft) {
  std::string memory;
  for (const std::size_t size : {3u, 3000u, 0u, 40u, 4000u, 7u}) {
    JsonLine line(JsonLine::kMostTextBytes, std::move(memory));
    line.text("t", std::string(size, 'x'));
    line.number("n", 1);
    memory = line.take();
    ASSERT_EQ(memory, "\"t\":\"" + std::string(size, 'x') + "\",\"n\":1");
  }
}

TEST(JsonLine, TimesAndNumbersAreWrittenOut) {
  SecondText seconds;
  for (int turn = 0; turn < 2; ++turn) {
    JsonLine line;
    line.time("a", 1'714'979'289'123'456'789, seconds);
    line.time("b", 1'714'979'289'005'000'000, seconds);
    line.time("c", 1'714'979'290'000'000'000, seconds);
    line.milliseconds("d", 1'002'003'999);
    line.milliseconds("e", 0);
    line.address4("f", {192, 0, 2, 255});
    line.word("g", "plain");
    EXPECT_EQ(line.members(), R"("a":"2024-05-06T07:08:09.123Z","b":"2024-05-06T07:08:09.005Z","c":"2024-05-06T07:08:10.000Z",)"
                              R"("d":1002.003,"e":0.000,"f":"192.0.2.255","g":"plain")");
  }
}

}  // namespace
}  // namespace hyalite

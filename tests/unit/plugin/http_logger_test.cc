// What the logger writes, and what it never does.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "settings/json_schema.h"
#include "unit/plugin/logging.h"
#include "unit/plugin/scratch.h"

namespace hyalite {
namespace {

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
  EXPECT_EQ(read_file(path), rest + none + "h.example:80 " + rest + "[2001:db8::1]:80 " + none);
}

TEST(HttpLogger, WritesWhatWasAskedWhereItWasRefusedAtOnce) {
  const Scratch scratch;
  for (const char* format : {"ndjson", "combined"}) {
    const std::string path = scratch.path() + "/" + format;
    Loaded loaded(with_file(path, std::string(", format: ") + format));
    ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
    Chain& chain = loaded.start();
    FlowSubject flow(some_flow());
    chain.flow_open(flow);
    Arena arena;
    ExchangeSubject exchange(flow, 1, arena);
    RequestHead head;
    EXPECT_TRUE(RequestReader(HeadLimits{}).read("GET /x?token=s HTTP/1.1\r\nHost: h.example\r\nHost: b\r\nUser-Agent: it\r\n\r\n", head).indexed);
    exchange.request = &head;
    chain.exchange_open(exchange);
    ExchangeSummary summary;
    summary.status = 400;
    summary.end = End::client_refused;
    chain.exchange_end(exchange, summary);
    chain.flow_close(flow, {});
    chain.stop();
  }
  const auto record = nlohmann::json::parse(lines_of(read_file(scratch.path() + "/ndjson")).at(0));
  EXPECT_EQ(complaints(record, record_schema()), "");
  EXPECT_EQ(record["method"], "GET");
  EXPECT_EQ(record["host"], "h.example");
  EXPECT_EQ(record["target"], "/x?token=[redacted]");
  EXPECT_EQ(record["user_agent"], "it");
  EXPECT_NE(read_file(scratch.path() + "/combined").find("\"GET /x?token=[redacted] HTTP/1.1\" 400 - \"-\" \"it\""), std::string::npos);
}

TEST(HttpLogger, WritesAVirtualHostAndItsPort) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/l";
  Loaded loaded(with_file(path, ", format: vhost_combined"));
  Chain& chain = loaded.start();
  for (const char* authority : {"h.example", "[2001:db8::2]:8080", "192.0.2.7:81"})
    converse(chain, "GET / HTTP/1.1\r\nHost: " + std::string(authority) + "\r\n\r\n");
  chain.stop();
  const auto lines = lines_of(read_file(path));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].substr(0, lines[0].find(' ')), "h.example:80");
  EXPECT_EQ(lines[1].substr(0, lines[1].find(' ')), "[2001:db8::2]:80");
  EXPECT_EQ(lines[2].substr(0, lines[2].find(' ')), "192.0.2.7:80");
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

}  // namespace
}  // namespace hyalite

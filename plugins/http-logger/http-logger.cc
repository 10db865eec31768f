// One line of JSON for every exchange, and for every flow that was not inspected.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <string>
#include <string_view>

#include "json_line.h"
#include "line_file.h"

namespace {

std::string_view name_of_end(std::uint32_t end) {
  constexpr std::string_view kNames[] = {"complete",       "client_gone",
                                         "upstream_gone",  "upstream_unreachable",
                                         "client_refused", "upstream_refused",
                                         "blocked",        "timed_out",
                                         "stopped",        "limit",
                                         "error"};
  return end < std::size(kNames) ? kNames[end] : "error";
}

std::string_view name_of_arrival(std::uint32_t arrival) {
  constexpr std::string_view kNames[] = {"unknown", "transparent", "redirect", "fixed"};
  return arrival < std::size(kNames) ? kNames[arrival] : "unknown";
}

std::string_view name_of_protocol(std::uint32_t protocol) {
  constexpr std::string_view kNames[] = {"pending", "unknown", "http/1", "tls", "http/2"};
  return protocol < std::size(kNames) ? kNames[protocol] : "unknown";
}

bool same_address(const hyalite_address& a, const hyalite_address& b) {
  return a.family == b.family && a.port == b.port &&
         std::memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

// `T` has finding(index, out): a flow or an exchange.
template <class T>
void put_findings(const T& subject, JsonLine& line) {
  std::string list;
  hyalite_finding found{};
  for (std::size_t i = 0; subject.finding(i, found); ++i) {
    JsonLine one;
    one.text("name", hyalite::view(found.name));
    one.text("source", hyalite::view(found.source));
    one.text_if("detail", hyalite::view(found.detail));
    list += (list.empty() ? "{" : ",{") + one.members() + "}";
  }
  if (!list.empty()) line.raw("findings", "[" + list + "]");
}

void put_flow(const hyalite_flow_info& info, const hyalite_address& upstream, JsonLine& line) {
  line.number("flow", info.id);
  line.text("client", hyalite::ip_text(info.client));
  line.number("client_port", info.client.port);
  line.text("destination", hyalite::ip_text(info.destination));
  line.number("destination_port", info.destination.port);
  if (!same_address(upstream, info.destination)) {
    line.text("redirected_to", hyalite::ip_text(upstream));
    line.number("redirected_to_port", upstream.port);
  }
  line.text("arrival", name_of_arrival(info.arrival));
  line.text_if("listener", hyalite::view(info.listener));
  line.text_if("server_name", hyalite::view(info.server_name));
}

template <class Summary>
void put_sizes(const Summary& summary, JsonLine& line) {
  line.number("from_client", summary.from_client);
  line.number("to_upstream", summary.to_upstream);
  line.number("from_upstream", summary.from_upstream);
  line.number("to_client", summary.to_client);
}

template <class Summary>
void put_end(const Summary& summary, JsonLine& line) {
  line.milliseconds("duration_ms", summary.duration);
  line.text("end", name_of_end(summary.end));
  line.text_if("reason", hyalite::view(summary.reason));
  line.text_if("decided_by", hyalite::view(summary.decided_by));
  line.text_if("decision", hyalite::view(summary.decision_reason));
}

}  // namespace

struct HttpLogger : hyalite::Plugin<HttpLogger> {
  static constexpr hyalite::Info info{"http-logger", "1.0.0", "Writes a record of every exchange",
                                      "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": ["file"],
    "properties": {
      "file": { "description": "where records are appended; \"-\" is standard output", "type": "string", "minLength": 1 },
      "flows": { "description": "which flows get a record of their own",
                 "enum": ["uninspected", "all", "none"] },
      "flush_ms": { "description": "how long a record may wait to be written", "type": "integer", "minimum": 0, "maximum": 60000 },
      "buffer_bytes": { "description": "what may wait while the file cannot be written; the rest is dropped and counted",
                        "type": "integer", "minimum": 65536, "maximum": 1073741824 } } })";

  // What the client asked for, before any other plugin edited it: members of the record.
  struct ExchangeState {
    std::string asked;
  };

  void configure(const hyalite::Settings& settings) {
    LineFile::Options options;
    options.path = settings["file"].text();
    options.flush_ns = settings["flush_ms"].integer(1'000) * 1'000'000;
    options.most_bytes = static_cast<std::size_t>(settings["buffer_bytes"].integer(4 << 20));
    file_.set(options);
    if (const std::string why = file_.check(); !why.empty()) settings["file"].mistake(why);
    flows_ = settings["flows"].text("uninspected");
    define(written_, "http_logger_records_total", "Records that were made.");
    define(dropped_, "http_logger_records_dropped_total",
           "Records for which there was no room, as the file could not be written.");
  }

  hyalite_status start(const hyalite_worker&) {
    const std::string why = file_.open();
    if (!why.empty()) log(HYALITE_LOG_ERROR, "the file cannot be opened", {{"why", why}});
    return why.empty() ? HYALITE_OK : HYALITE_E_FAILED;
  }
  void tick() {
    file_.tick(monotonic_clock());
    tell_trouble();
  }
  void reopen() {
    file_.flush(monotonic_clock());
    const std::string why = file_.open();
    if (!why.empty()) log(HYALITE_LOG_ERROR, "the file cannot be opened again", {{"why", why}});
  }
  void drain() { file_.flush(monotonic_clock()); }
  void stop() { file_.flush(monotonic_clock()); }

  // Values of Authorization, Cookie and their like are never read.
  void on_request_head(hyalite::Request& request, ExchangeState& state) {
    JsonLine asked;
    asked.text("method", request.method());
    asked.text("host", request.authority());
    asked.text("target", request.target());
    asked.text("version", request.request_line()->version_minor == 0 ? "1.0" : "1.1");
    asked.text_if("user_agent", request.header(HYALITE_HEADER_USER_AGENT));
    asked.text_if("referrer", request.header(HYALITE_HEADER_REFERER));
    asked.text_if("request_content_type", request.header(HYALITE_HEADER_CONTENT_TYPE));
    state.asked = asked.members();
  }

  void on_exchange_end(hyalite::Exchange& exchange, const hyalite_exchange_summary& summary,
                       ExchangeState& state) {
    JsonLine line;
    line.text("time", utc_time(summary.started_at));
    line.text("kind", "exchange");
    put_flow(exchange.flow().info(), summary.upstream, line);
    line.number("exchange", exchange.number());
    line.join(state.asked);
    if (summary.status != 0) line.number("status", summary.status);
    if (summary.upstream_status != 0) line.number("upstream_status", summary.upstream_status);
    if (const hyalite_headers* headers = exchange.headers_of(HYALITE_PART_RESPONSE)) {
      const hyalite_header* type = hyalite_header_find(headers, HYALITE_HEADER_CONTENT_TYPE);
      if (type != nullptr) line.text("content_type", hyalite::view(type->value));
    }
    line.number("request_content", summary.request_content);
    line.number("response_content", summary.response_content);
    put_sizes(summary, line);
    if (summary.response_head >= 0) line.milliseconds("response_after_ms", summary.response_head);
    put_end(summary, line);
    put_findings(exchange, line);
    add(line);
  }

  void on_flow_close(hyalite::Flow& flow, const hyalite_flow_summary& summary) {
    if (flows_ == "none" ||
        (flows_ == "uninspected" && summary.inspected != 0 && summary.exchanges > 0))
      return;
    const hyalite_flow_info& about = flow.info();
    JsonLine line;
    line.text("time", utc_time(about.opened_at));
    line.text("kind", "flow");
    put_flow(about, about.upstream, line);
    line.text("protocol", name_of_protocol(about.protocol));
    put_alpn(flow, line);
    line.number("exchanges", summary.exchanges);
    put_sizes(summary, line);
    line.text_if("uninspected", hyalite::view(summary.bypass));
    put_end(summary, line);
    put_findings(flow, line);
    add(line);
  }

 private:
  static void put_alpn(const hyalite::Flow& flow, JsonLine& line) {
    const hyalite_client_hello* hello = flow.client_hello();
    if (hello == nullptr || hello->alpn_count == 0) return;
    std::string list;
    for (std::size_t i = 0; i < hello->alpn_count && i < 16; ++i) {
      if (!list.empty()) list += ',';
      append_json_string(hyalite::view(hello->alpn[i]), list);
    }
    line.raw("alpn", "[" + list + "]");
  }

  void add(const JsonLine& line) {
    const bool fits = file_.add("{" + line.members() + "}\n", monotonic_clock());
    (fits ? written_ : dropped_).add();
    tell_trouble();
  }

  void tell_trouble() {
    if (file_.trouble() == told_) return;
    told_ = file_.trouble();
    if (!told_.empty())
      log(HYALITE_LOG_ERROR, "records wait: the file cannot be written", {{"why", told_}});
  }

  LineFile file_;
  std::string flows_;
  std::string told_;
  hyalite::Counter written_, dropped_;
};
HYALITE_PLUGIN(HttpLogger)

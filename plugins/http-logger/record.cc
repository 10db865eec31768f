// A record of an exchange or a flow.
// SPDX-License-Identifier: MIT
#include "record.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "combined.h"
#include "json_line.h"

namespace {

constexpr unsigned kSchema = 1;

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

// ---- what fits

// How much of what may be long is written: less and less, until all of it fits.
struct Detail {
  std::size_t most_text;
  std::size_t most_items;  // headers, findings, protocols: of each
};
constexpr Detail kDetails[] = {{8'192, 200}, {1'024, 50}, {256, 10}, {64, 4}, {24, 1}};

// Writes the same with less detail until it takes at most `most` bytes.
template <class Write>
void fit(std::size_t most, std::string& out, Write write) {
  for (const Detail& detail : kDetails) {
    JsonLine line(detail.most_text, std::move(out));
    bool whole = write(line, detail) && !line.cut();
    if (!whole) line.raw("truncated", "true");
    out = line.take();
    if (out.size() <= most) return;
  }
}

// ---- the parts of a record. Those that give a bool: true when nothing was left out

std::string braced(const JsonLine& object) { return std::string(1, '{').append(object.members()).append(1, '}'); }

// `T` has finding(index, out): a flow or an exchange.
template <class T>
bool put_findings(const T& subject, const Detail& detail, JsonLine& line) {
  std::string list;
  bool whole = true;
  hyalite_finding found{};
  for (std::size_t i = 0; subject.finding(i, found); ++i) {
    if (i == detail.most_items) {
      whole = false;
      break;
    }
    JsonLine one(detail.most_text);
    one.text("name", hyalite::view(found.name));
    one.text("source", hyalite::view(found.source));
    one.text_if("detail", hyalite::view(found.detail));
    whole = whole && !one.cut();
    ((list += list.empty() ? "{" : ",{") += one.members()) += '}';
  }
  if (!list.empty()) line.raw("findings", "[" + list + "]");
  return whole;
}

// {"PLUGIN.WORD":"value",...}; `T` has for_each_note(visit): a flow or an exchange.
template <class T>
bool put_notes(const T& subject, const Detail& detail, JsonLine& line) {
  JsonLine object(detail.most_text);
  std::size_t items = 0;
  subject.for_each_note([&](std::string_view name, std::string_view value) {
    if (items++ < detail.most_items) object.text(name, value);
  });
  if (items > 0) line.raw("notes", braced(object));
  return items <= detail.most_items && !object.cut();
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// {"name":["value",...],...} of the chosen ones that are there.
bool put_headers(std::string_view key, const hyalite::Message& message,
                 const std::vector<hyalite::HeaderName>& chosen, const Redaction& redaction,
                 const Detail& detail, JsonLine& line) {
  if (chosen.empty()) return true;
  JsonLine object(detail.most_text);
  std::size_t items = 0;
  bool whole = true;
  for (const hyalite::HeaderName& name : chosen) {
    std::string values;
    message.for_each([&](std::string_view its_name, std::string_view value) {
      if (!hyalite::Message::same_name(its_name, name.text)) return;
      if (items++ >= detail.most_items) return void(whole = false);
      if (!values.empty()) values += ',';
      whole = append_json_string(redacted_header(its_name, value, redaction), values,
                                 detail.most_text) &&
              whole;
    });
    if (!values.empty()) object.raw(lower(name.text), "[" + values + "]");
  }
  if (!object.empty()) line.raw(key, braced(object));
  return whole;
}

template <class Key>
void put_address(const Key& key, const hyalite_address& address, JsonLine& line) {
  if (address.family == 4) return line.address4(key, address.bytes);
  line.text(key, hyalite::ip_text(address));
}

void put_flow(const hyalite_flow_info& info, const hyalite_address& upstream, JsonLine& line) {
  line.number("flow", info.id);
  put_address("client", info.client, line);
  line.number("client_port", info.client.port);
  put_address("destination", info.destination, line);
  line.number("destination_port", info.destination.port);
  if (!same_address(upstream, info.destination)) {
    put_address("redirected_to", upstream, line);
    line.number("redirected_to_port", upstream.port);
  }
  line.word("arrival", name_of_arrival(info.arrival));
  line.text_if("listener", hyalite::view(info.listener));
  line.text_if("server_name", hyalite::view(info.server_name));
}

std::string names_of_defects(std::uint32_t defects) {
  constexpr std::string_view kNames[] = {"wrong_name",     "expired",        "not_yet_valid", "self_signed",
                                         "unknown_issuer", "missing_issuer", "other"};
  std::string list;
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if ((defects >> i & 1) == 0) continue;
    if (!list.empty()) list += ',';
    append_json_string(kNames[i], list);
  }
  return list;
}

// One side's TLS, where the proxy took part in it.
void put_tls_side(std::string_view key, const hyalite_tls_info* info, JsonLine& line) {
  if (info == nullptr) return;
  JsonLine one(line.most_text_bytes());
  one.text_if("version", hyalite::view(info->version_text));
  one.text_if("cipher", hyalite::view(info->cipher));
  one.text_if("group", hyalite::view(info->group));
  one.text_if("alpn", hyalite::view(info->alpn));
  if (info->done != 0) one.raw("resumed", info->resumed != 0 ? "true" : "false");
  one.text_if("certificate_sha256", hyalite::view(info->certificate_sha256));
  if (info->verified != 0) one.raw("verified", info->defects == 0 ? "true" : "false");
  if (info->defects != 0) one.raw("defects", "[" + names_of_defects(info->defects) + "]");
  if (info->alert != 0) one.number("alert", info->alert);
  one.text_if("error", hyalite::view(info->error));
  if (!one.empty()) line.raw(key, braced(one));
}

void put_tls(const hyalite::Flow& flow, JsonLine& line) {
  line.text_if("ja3", flow.ja3());
  line.text_if("ja4", flow.ja4());
  put_tls_side("tls", flow.tls(HYALITE_SIDE_CLIENT), line);
  put_tls_side("upstream_tls", flow.tls(HYALITE_SIDE_UPSTREAM), line);
}

// From the request's first byte on; what never came is left out.
void put_phases(const hyalite_exchange_summary& summary, JsonLine& line) {
  const std::int64_t latest = std::max({summary.request_head, summary.connected, summary.request_sent, summary.response_head});
  if (latest < 0) return;
  const auto put = [&](const auto& key, std::int64_t after) {
    if (after >= 0) line.milliseconds(key, after);
  };
  line.open("phases_ms");
  put("request_head", summary.request_head);
  put("connected", summary.connected);
  put("request_sent", summary.request_sent);
  put("response_head", summary.response_head);
  line.close();
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
  line.word("end", name_of_end(summary.end));
  line.text_if("reason", hyalite::view(summary.reason));
  line.text_if("decided_by", hyalite::view(summary.decided_by));
  line.text_if("decision", hyalite::view(summary.decision_reason));
}

bool put_hello(const hyalite::Flow& flow, const Detail& detail, JsonLine& line) {
  const hyalite_client_hello* hello = flow.client_hello();
  if (hello == nullptr) return true;
  std::string list;
  bool whole = hello->alpn_count <= detail.most_items;
  for (std::size_t i = 0; i < hello->alpn_count && i < detail.most_items; ++i) {
    if (!list.empty()) list += ',';
    whole = append_json_string(hyalite::view(hello->alpn[i]), list, detail.most_text) && whole;
  }
  if (!list.empty()) line.raw("alpn", "[" + list + "]");
  if (hello->has_encrypted_client_hello != 0) line.raw("encrypted_client_hello", "true");
  return whole;
}

// A flow whose bytes passed as they were is a tunnel; others were refused, or end, before anything
// passed.
std::string_view kind_of(const hyalite_flow_summary& summary) {
  return summary.bypass.size > 0 ? "tunnel" : "flow";
}

void begin(std::int64_t time, std::string_view kind, SecondText& seconds, JsonLine& line) {
  line.number("schema", kSchema);
  line.time("time", time, seconds);
  line.word("kind", kind);
}

// "truncated" stands in the part that was asked for, in the rest, or in both; a key must not stand
// twice.
void finish(std::string_view asked, std::string& line) {
  constexpr std::string_view kTruncated = ",\"truncated\":true";
  const auto has = [&](std::string_view part) {
    return part.size() > kTruncated.size() && part.substr(part.size() - kTruncated.size()) == kTruncated;
  };
  if (has(line) && has(asked)) asked.remove_suffix(kTruncated.size());
  line.insert(line.begin(), '{');
  if (!asked.empty()) line.append(1, ',').append(asked);
  line += "}\n";
}

}  // namespace

void write_asked(const hyalite_request_line& asked, const hyalite::Message& request, const RecordRules& rules,
                 RecordRoom& room) {
  if (rules.format != Format::ndjson) return void(room.line = combined_asked(asked, request, rules));
  const auto url = [&](std::string_view text) { return redacted_url(text, rules.redaction, room.text); };
  fit(rules.most_bytes / 2, room.line, [&](JsonLine& line, const Detail& detail) {
    line.text("method", hyalite::view(asked.method));
    line.text("scheme", hyalite::view(asked.scheme));
    line.text("host", url(hyalite::view(asked.authority)));
    line.text("target", url(hyalite::view(asked.target)));
    line.word("version", asked.version_minor == 0 ? "1.0" : "1.1");
    line.text_if("user_agent", request.header(HYALITE_HEADER_USER_AGENT));
    line.text_if("referrer", url(request.header(HYALITE_HEADER_REFERER)));
    line.text_if("request_content_type", request.header(HYALITE_HEADER_CONTENT_TYPE));
    return put_headers("request_headers", request, rules.request_headers, rules.redaction, detail,
                       line);
  });
}

void write_exchange(const hyalite::Exchange& exchange, const hyalite_exchange_summary& summary,
                    const std::string& asked, const RecordRules& rules, RecordRoom& room) {
  if (rules.format != Format::ndjson)
    return void(room.line = combined_line(exchange, summary, asked, rules));
  const std::size_t left = rules.most_bytes - asked.size() - std::strlen("{,}\n");
  fit(left, room.line,
      [&](JsonLine& line, const Detail& detail) {
            begin(summary.started_at, "exchange", room.seconds, line);
            put_flow(exchange.flow().info(), summary.upstream, line);
            put_tls(exchange.flow(), line);
            line.number("exchange", exchange.number());
            if (summary.status != 0) line.number("status", summary.status);
            if (summary.upstream_status != 0)
              line.number("upstream_status", summary.upstream_status);
            bool whole = true;
            if (const hyalite_headers* headers = exchange.headers_of(HYALITE_PART_RESPONSE)) {
              if (const hyalite_header* type =
                      hyalite_header_find(headers, HYALITE_HEADER_CONTENT_TYPE))
                line.text_if("content_type", hyalite::view(type->value));
              whole = put_headers("response_headers", exchange.part(HYALITE_PART_RESPONSE),
                                  rules.response_headers, rules.redaction, detail, line);
            }
            line.number("request_content", summary.request_content);
            line.number("response_content", summary.response_content);
            put_sizes(summary, line);
            put_phases(summary, line);
            put_end(summary, line);
            whole = put_notes(exchange, detail, line) && whole;
            return put_findings(exchange, detail, line) && whole;
          });
  finish(asked, room.line);
}

void write_flow(const hyalite::Flow& flow, const hyalite_flow_summary& summary,
                const RecordRules& rules, RecordRoom& room) {
  room.line.clear();
  if (rules.format != Format::ndjson) return;
  const hyalite_flow_info& about = flow.info();
  fit(rules.most_bytes - std::strlen("{}\n"), room.line,
      [&](JsonLine& line, const Detail& detail) {
                      begin(about.opened_at, kind_of(summary), room.seconds, line);
                      put_flow(about, about.upstream, line);
                      put_tls(flow, line);
                      line.word("protocol", name_of_protocol(about.protocol));
                      const bool whole = put_hello(flow, detail, line);
                      line.number("exchanges", summary.exchanges);
                      put_sizes(summary, line);
                      line.text_if("uninspected", hyalite::view(summary.bypass));
                      put_end(summary, line);
                      const bool noted = put_notes(flow, detail, line);
                      return put_findings(flow, detail, line) && noted && whole;
                    });
  finish({}, room.line);
}

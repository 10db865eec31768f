// The Combined format, which tools for web servers read.
// SPDX-License-Identifier: MIT
#include "combined.h"

#include <cstdio>
#include <ctime>
#include <string_view>

#include "record.h"

namespace {

// As Apache writes what a client sent: nothing in it can end a field or a line. At most `most`
// bytes.
void append_escaped(std::string_view text, std::size_t most, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  const std::size_t start = out.size();
  for (const char c : text) {
    if (out.size() - start + 4 > most) return void(out += "...");
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void append_quoted(std::string_view text, std::size_t most, std::string& out) {
  out += '"';
  append_escaped(text.empty() ? "-" : text, most, out);
  out += '"';
}

// Without spaces: it stands alone at the line's beginning. The port is what comes behind the last
// colon, so an IPv6 address keeps its brackets.
std::string virtual_host(std::string_view authority, const hyalite_address& destination) {
  std::string host(hyalite::host_of(authority));
  for (char& c : host) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\') c = '?';
  }
  if (host.size() > 255) host.resize(255);
  if (host.empty()) host = hyalite::ip_text(destination);
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(destination.port);
}

std::string common_time(std::int64_t nanoseconds) {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = nanoseconds / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%02d/%s/%04d:%02d:%02d:%02d +0000", parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                parts.tm_sec);
  return text;
}

constexpr char kBetween = '\n';  // the parts of what was asked; it is in none of them

}  // namespace

std::string combined_asked(const hyalite_request_line& asked, const hyalite::Message& request,
                           const RecordRules& rules) {
  const std::size_t most = (rules.most_bytes - 1'024) / 4;
  std::string out =
      rules.format == Format::vhost_combined
          ? virtual_host(hyalite::view(asked.authority), request.flow().info().destination) + " "
          : "";
  out += kBetween;
  const std::string line = std::string(hyalite::view(asked.method)) + " " +
                           redacted_url(hyalite::view(asked.target), rules.redaction) +
                           (asked.version_minor == 0 ? " HTTP/1.0" : " HTTP/1.1");
  append_quoted(line, most, out);
  out += kBetween;
  append_quoted(redacted_url(request.header(HYALITE_HEADER_REFERER), rules.redaction), most, out);
  out += ' ';
  append_quoted(request.header(HYALITE_HEADER_USER_AGENT), most, out);
  return out;
}

std::string combined_line(const hyalite::Exchange& exchange,
                          const hyalite_exchange_summary& summary, const std::string& asked,
                          const RecordRules& rules) {
  const hyalite_flow_info& flow = exchange.flow().info();
  const bool names_host = rules.format == Format::vhost_combined;
  const std::string nothing =
      (names_host ? virtual_host({}, flow.destination) + " " : "") + "\n\"-\"\n\"-\" \"-\"";
  const std::string_view parts = asked.empty() ? nothing : asked;
  const auto first = parts.find(kBetween), second = parts.find(kBetween, first + 1);
  char status[16];
  std::snprintf(status, sizeof status, "%03u", summary.status);
  std::string out(parts.substr(0, first));
  out += hyalite::ip_text(flow.client) + " - - [" + common_time(summary.started_at) + "] ";
  out.append(parts.substr(first + 1, second - first - 1)).append(" ").append(status).append(" ");
  out += (summary.response_content == 0 ? "-" : std::to_string(summary.response_content)) + " ";
  return out.append(parts.substr(second + 1)).append("\n");
}

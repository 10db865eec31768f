// The logger's settings.
// SPDX-License-Identifier: MIT
#include "settings.h"

#include <algorithm>
#include <string_view>

namespace {

std::unique_ptr<Sink> read_sink(const hyalite::Settings& settings, const hyalite::Host& host) {
  const std::string_view to = settings["to"].text("file");
  const hyalite::Value file = settings["file"], socket = settings["journal_socket"];
  if (to == "file" && !file)
    settings.mistake(
        "does not say where records go: expected `file`, or `to: stdout` or `to: journal`");
  if (to != "file" && file) file.mistake("is not needed: `to` says that records go elsewhere");
  if (to != "journal" && socket) socket.mistake("is of use with `to: journal` only");
  std::unique_ptr<Sink> sink =
      to == "journal"  ? journal_sink(std::string(socket.text("/run/systemd/journal/socket")),
                                      std::string(hyalite::view(host.root->instance)))
      : to == "stdout" ? stdout_sink()
                       : file_sink(std::string(file.text()));
  if (to == "file" && !file) return sink;
  if (file.text() == "-")
    file.mistake("is a file of that name here: for standard output write `to: stdout`");
  if (const std::string why = sink->check(); !why.empty())
    (file ? file : socket ? socket : settings["to"]).mistake(why);
  return sink;
}

std::vector<hyalite::HeaderName> read_names(const hyalite::Value& list, const hyalite::Host& host,
                                            Format format) {
  std::vector<hyalite::HeaderName> names;
  if (list.size() > 0 && format != Format::ndjson)
    list.mistake("has no place in this format, only in ndjson");
  for (const hyalite::Value item : list) {
    if (host.http->check_name(host.root, hyalite::bytes(item.text())) == HYALITE_E_INVALID)
      item.mistake("is not a header's name");
    names.push_back({0, std::string(item.text())});
  }
  return names;
}

std::vector<std::string> read_lower(const hyalite::Value& list,
                                    const std::vector<std::string>& usual) {
  if (!list) return usual;
  std::vector<std::string> names;
  for (const hyalite::Value item : list) {
    std::string name(item.text());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    names.push_back(std::move(name));
  }
  std::partition(names.begin(), names.end(), [](const std::string& name) { return name == "*"; });
  return names;
}

Format read_format(std::string_view name) {
  return name == "combined"         ? Format::combined
         : name == "vhost_combined" ? Format::vhost_combined
                                    : Format::ndjson;
}

}  // namespace

LoggerSettings read_settings(const hyalite::Settings& settings, const hyalite::Host& host) {
  LoggerSettings out;
  out.sink = read_sink(settings, host);
  out.rules.format = read_format(settings["format"].text());
  out.rules.most_bytes = std::min(
      static_cast<std::size_t>(settings["record_bytes"].integer(16'384)), out.sink->longest_line());
  out.rules.redaction.off = !settings["redact"].boolean(true);
  out.rules.redaction.query = read_lower(settings["redact_query"], Redaction::usual_query());
  out.rules.redaction.headers = read_lower(settings["redact_headers"], Redaction::usual_headers());
  out.rules.request_headers = read_names(settings["request_headers"], host, out.rules.format);
  out.rules.response_headers = read_names(settings["response_headers"], host, out.rules.format);
  const std::string_view flows = settings["flows"].text();
  out.flows = flows == "all"    ? LoggerSettings::Flows::all
              : flows == "none" ? LoggerSettings::Flows::none
                                : LoggerSettings::Flows::uninspected;
  out.when_stuck = settings["when_stuck"].text() == "stop" ? LoggerSettings::WhenStuck::stop
                                                           : LoggerSettings::WhenStuck::drop;
  out.writer.buffer_bytes = static_cast<std::size_t>(settings["buffer_bytes"].integer(4 << 20));
  out.writer.flush = Writer::Milliseconds(settings["flush_ms"].integer(1'000));
  out.stop_wait = Writer::Milliseconds(settings["stop_wait_ms"].integer(500));
  return out;
}

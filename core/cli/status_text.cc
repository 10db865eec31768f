// How the service is, for a person.
// SPDX-License-Identifier: MIT
#include "cli/status_text.h"

#include <cstdint>

#include "base/text.h"
#include "settings/json.h"

namespace hyalite {

namespace {

std::string text_of(JsonView value) {
  if (const auto text = value.string()) return printable(*text);
  if (const auto number = value.integer()) return std::to_string(*number);
  return "?";
}

std::int64_t number_of(JsonView value) { return value.integer().value_or(0); }

std::string duration(std::int64_t seconds) {
  const auto part = [](std::int64_t n, const char* unit) { return std::to_string(n) + unit; };
  if (seconds >= 86'400) return part(seconds / 86'400, " d ") + part(seconds % 86'400 / 3'600, " h");
  if (seconds >= 3'600) return part(seconds / 3'600, " h ") + part(seconds % 3'600 / 60, " min");
  if (seconds >= 60) return part(seconds / 60, " min ") + part(seconds % 60, " s");
  return part(seconds, " s");
}

std::string line(std::string_view name, const std::string& value) {
  std::string padded(name);
  padded.resize(14, ' ');
  return padded + value + "\n";
}

std::string listening(JsonView root) {
  std::string all;
  const JsonView list = root.member("listening");
  for (std::size_t i = 0; i < list.size(); ++i) all += (i > 0 ? ", " : "") + text_of(list.element(i));
  return line("listening", all.empty() ? "nowhere" : all);
}

std::string generations(JsonView root) {
  std::string all;
  const JsonView list = root.member("generations");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonView generation = list.element(i);
    const JsonView workers = generation.member("workers");
    std::int64_t replaced = 0;
    for (std::size_t w = 0; w < workers.size(); ++w) replaced += number_of(workers.element(w).member("replaced"));
    std::string text = text_of(generation.member("number")) + ", " + text_of(generation.member("state")) + ", " +
                       std::to_string(workers.size()) + (workers.size() == 1 ? " worker" : " workers");
    if (replaced > 0) text += " (replaced " + std::to_string(replaced) + " times)";
    all += line("generation", text);
  }
  return all;
}

std::string counts(JsonView counts) {
  const auto count = [&](std::string_view name) { return std::to_string(number_of(counts.member(name))); };
  return line("connections", count("flows_now") + " now, " + count("flows") + " in all, " + count("not_served") +
                                 " turned away") +
         line("exchanges", count("exchanges") + " HTTP requests with their responses") +
         line("refused", count("refused_requests") + " requests, " + count("refused_responses") + " responses") +
         line("uninspected", count("uninspected") + " connections passed without a look (by reason: /metrics)") +
         line("findings", count("findings"));
}

std::string plugins(JsonView root) {
  std::string all;
  const JsonView list = root.member("plugins");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonView plugin = list.element(i);
    std::string text = text_of(plugin.member("name")) + " (" + text_of(plugin.member("plugin")) + " " +
                       text_of(plugin.member("version")) + "): " + text_of(plugin.member("calls")) + " calls";
    if (const auto errors = number_of(plugin.member("errors")); errors > 0) text += ", " + std::to_string(errors) + " errors";
    if (const auto faults = number_of(plugin.member("faults")); faults > 0) text += ", " + std::to_string(faults) + " crashes";
    if (plugin.member("quarantined").boolean().value_or(false)) text += ", IN QUARANTINE";
    all += line("plugin", text);
  }
  return all;
}

}  // namespace

std::string status_text(std::string_view json) {
  const auto document = JsonDocument::parse(json);
  if (!document || !document->root().is(JsonView::Type::object)) return {};
  const JsonView root = document->root();
  const bool serving = root.member("serving").boolean().value_or(false);
  std::string text = std::string("Hyalite ") + text_of(root.member("version")) +
                     (serving ? " serves" : " DOES NOT SERVE") + ", since " +
                     duration(number_of(root.member("uptime_seconds"))) + " (master " +
                     text_of(root.member("master_pid")) + ")\n";
  text += listening(root) + generations(root) + counts(root.member("counts")) + plugins(root);
  if (const auto failure = root.member("last_failure").string()) {
    text += "The last reload or upgrade failed:\n";
    for (std::string_view one : split(*failure, '\n')) {
      if (!one.empty()) text += "  " + printable(one, 1024) + "\n";
    }
  }
  return text;
}

}  // namespace hyalite

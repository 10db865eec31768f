// How the service is, for people.
// SPDX-License-Identifier: MIT
#include "cli/status_text.h"

#include <algorithm>

#include "base/text.h"
#include "settings/json.h"

namespace hyalite {

namespace {

std::string text_of(const JsonView& view) { return readable(view.string().value_or("?"), 1'000); }
std::uint64_t number_of(const JsonView& view) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(view.integer().value_or(0), 0));
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return grouped(number) + ' ' + std::string(number == 1 ? one : many);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string workers_text(const JsonView& workers) {
  std::string out;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const JsonView worker = workers.element(i);
    const std::uint64_t pid = number_of(worker.member("pid")),
                        replaced = number_of(worker.member("replaced"));
    out += "    worker " + std::to_string(number_of(worker.member("index")));
    out += pid == 0
               ? "  is gone"
               : "  pid " + std::to_string(pid) + "  since " + text_of(worker.member("started"));
    if (replaced > 0) out += ", replaced " + counted(replaced, "time", "times");
    if (const std::uint64_t retired = number_of(worker.member("retired_pid")); retired > 0)
      out += "; pid " + std::to_string(retired) + " drains, it took too much memory";
    out += '\n';
  }
  return out;
}

std::string generations_text(const JsonView& generations) {
  std::string out;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const JsonView one = generations.element(i);
    const JsonView workers = one.member("workers");
    out += "  generation " + std::to_string(number_of(one.member("number"))) + "  " +
           text_of(one.member("state")) + " since " + text_of(one.member("since")) + ", " +
           counted(workers.size(), "worker", "workers") + '\n';
    if (one.member("state").string() == "serving") out += workers_text(workers);
  }
  return out;
}

std::string counts_text(const JsonView& counts) {
  const auto count = [&](std::string_view name) { return number_of(counts.member(name)); };
  std::string out;
  const auto line = [&](std::string_view name, const std::string& text) {
    out += "  " + padded(std::string(name), 12) + text + '\n';
  };
  line("flows", grouped(count("flows_now")) + " now, " + grouped(count("flows")) + " in all");
  line("exchanges", grouped(count("exchanges")));
  line("refused", counted(count("refused_requests"), "request", "requests") + ", " +
                      counted(count("refused_responses"), "response", "responses") + ", " +
                      counted(count("not_served"), "connection", "connections"));
  line("uninspected", counted(count("uninspected"), "connection", "connections"));
  if (count("upstream_kept") > 0) {
    line("reused", counted(count("upstream_reused"), "upstream connection", "upstream connections") + ", " +
                       grouped(count("upstream_idle")) + " wait");
  }
  if (count("worker_deaths") + count("generation_deaths") > 0) {
    line("deaths", counted(count("worker_deaths"), "worker", "workers") + ", " +
                       counted(count("generation_deaths"), "generation", "generations"));
  }
  if (count("failed_reloads") > 0)
    line("reloads", counted(count("failed_reloads"), "has", "have") + " failed");
  return out;
}

// What became of a plugin in quarantine. One that still runs is about to be left out.
std::string quarantine_text(const JsonView& plugin) {
  if (plugin.member("loaded").boolean().value_or(true))
    return plugin.member("quarantined").boolean().value_or(false) ? ", IN QUARANTINE" : "";
  return plugin.member("on_failure").string() == "closed" ? ", IN QUARANTINE: traffic is refused"
                                                          : ", IN QUARANTINE: traffic passes without it";
}

std::string plugins_text(const JsonView& plugins) {
  std::string out;
  for (std::size_t i = 0; i < plugins.size(); ++i) {
    const JsonView one = plugins.element(i);
    const std::uint64_t errors = number_of(one.member("errors")),
                        faults = number_of(one.member("faults"));
    out += "  " + padded(text_of(one.member("name")), 12) + text_of(one.member("plugin"));
    if (one.member("version").string()) out += ' ' + text_of(one.member("version"));
    out += ", " + counted(number_of(one.member("calls")), "call", "calls");
    if (errors > 0) out += ", " + counted(errors, "error", "errors");
    if (faults > 0) out += ", cost " + counted(faults, "worker", "workers");
    out += quarantine_text(one) + '\n';
  }
  return out;
}

// The last ones; --json has more.
constexpr std::size_t kMostFaultsShown = 8;

std::string faults_text(const JsonView& faults) {
  std::string out;
  for (std::size_t i = 0; i < std::min(faults.size(), kMostFaultsShown); ++i) {
    const JsonView one = faults.element(i);
    out += "  " + text_of(one.member("at")) + "  " + padded(text_of(one.member("cause")), 9) +
           " worker " + std::to_string(number_of(one.member("worker")));
    if (one.member("plugin").string())
      out += ", " + text_of(one.member("plugin")) + " in " + text_of(one.member("hook"));
    out += ": " + text_of(one.member("what")) + '\n';
  }
  return out;
}

std::string ca_text(const JsonView& ca) {
  const std::string fault = text_of(ca.member("fault"));
  if (!fault.empty()) return "  CA          CANNOT BE READ: " + fault + '\n';
  return "  CA          " + text_of(ca.member("subject")) + ", until " +
         text_of(ca.member("not_after")) +
         (ca.member("ends_soon").boolean().value_or(false) ? ", WHICH IS SOON\n" : "\n");
}

// Who refused our certificates for which name, and why, most likely.
std::string refused_text(const JsonView& refused) {
  constexpr std::size_t kMost = 20;
  std::string out;
  for (std::size_t i = 0; i < refused.size() && i < kMost; ++i) {
    const JsonView one = refused.element(i);
    const auto until = one.member("passes_until").string();
    out += "  " + text_of(one.member("name")) + "  refused " +
           counted(number_of(one.member("count")), "time", "times") + ", last " +
           text_of(one.member("last"));
    if (until) out += "; PASSES until " + readable(*until, 100);
    out += "\n    " + text_of(one.member("cause")) + "\n    by";
    const JsonView clients = one.member("clients");
    for (std::size_t c = 0; c < clients.size(); ++c) {
      const JsonView client = clients.element(c);
      out += (c > 0 ? ", " : " ") + text_of(client.member("address")) + " (" +
             std::to_string(number_of(client.member("count"))) + ", " +
             text_of(client.member("sign")) + ')';
    }
    out += '\n';
  }
  if (refused.size() > kMost)
    out += "  and " + counted(refused.size() - kMost, "other name", "other names") + '\n';
  return out;
}

std::string listening_text(const JsonView& listening) {
  std::string out;
  for (std::size_t i = 0; i < listening.size(); ++i) out += ' ' + text_of(listening.element(i));
  return out;
}

// Of the generation that serves; empty: none does.
std::string serves_since(const JsonView& generations) {
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const JsonView one = generations.element(i);
    if (one.member("state").string() == "serving") return text_of(one.member("since"));
  }
  return {};
}

std::string settings_text(const JsonView& root, const FileTime& changed) {
  const auto file = root.member("settings_file").string();
  if (!file) return {};
  const std::string at = changed ? changed(std::string(*file)) : std::string(),
                    since = serves_since(root.member("generations"));
  // Times in the form of ISO 8601, all in UTC, sort as texts do.
  const bool newer = !since.empty() && at > since;
  return "settings " + readable(*file, 1'000) +
         (newer ? ", CHANGED SINCE (" + readable(at, 100) + "): `hyalite reload` takes them over\n"
                : "\n");
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string duration_text(std::int64_t seconds) {
  const std::int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (days > 0)
    return std::to_string(days) + (days == 1 ? " day " : " days ") + std::to_string(hours % 24) +
           " h";
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes % 60) + " min";
  if (minutes > 0) return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(std::max<std::int64_t>(seconds, 0)) + " s";
}

Result<std::string> status_text(std::string_view json, const FileTime& changed) {
  const auto document = JsonDocument::parse(json);
  if (!document || !document->root().is(JsonView::Type::object))
    return Error{Fault::us, "the service gave an answer that is none"};
  const JsonView root = document->root();
  const bool serving = root.member("serving").boolean().value_or(false);
  std::string out = "Hyalite " + text_of(root.member("version")) + ", up " +
                    duration_text(root.member("uptime_seconds").integer().value_or(0)) + ", pid " +
                    std::to_string(number_of(root.member("master_pid"))) + '\n';
  out += serving ? "accepting on" + listening_text(root.member("listening")) + '\n'
                 : "NO GENERATION SERVES\n";
  out += settings_text(root, changed);
  out += generations_text(root.member("generations"));
  out += "traffic\n" + counts_text(root.member("counts"));
  if (root.member("plugins").size() > 0) out += "plugins\n" + plugins_text(root.member("plugins"));
  if (root.member("ca").is(JsonView::Type::object)) out += "tls\n" + ca_text(root.member("ca"));
  if (root.member("refused").size() > 0)
    out += "certificates that clients refused\n" + refused_text(root.member("refused"));
  if (root.member("faults").size() > 0)
    out += "lately failed\n" + faults_text(root.member("faults"));
  const auto failure = root.member("last_failure").string();
  if (failure) {
    out += "the last change failed:\n";
    for (const std::string_view line : split(*failure, '\n')) {
      if (!line.empty()) out += "  " + readable(line, 1'000) + '\n';
    }
  }
  return out;
}

}  // namespace hyalite

// How the service is: one JSON object.
// SPDX-License-Identifier: MIT
#include "admin/status.h"

#include <algorithm>
#include <ctime>

#include "admin/json_writer.h"
#include "settings/json.h"

namespace hyalite {

namespace {

// What people ask for first, by the families that hold it. Everything else is on /metrics.
struct Count {
  std::string_view name, family;
};
constexpr Count kCounts[] = {
    {"flows", "hyalite_flows_total"},
    {"flows_now", "hyalite_flows"},
    {"exchanges", "hyalite_exchanges_total"},
    {"not_served", "hyalite_not_served_total"},
    {"uninspected", "hyalite_uninspected_total"},
    {"refused_requests", "hyalite_refused_requests_total"},
    {"refused_responses", "hyalite_refused_responses_total"},
    {"findings", "hyalite_findings_total"},
    {"bytes", "hyalite_bytes_total"},
    {"upstream_kept", "hyalite_upstream_kept_total"},
    {"upstream_reused", "hyalite_upstream_reused_total"},
    {"upstream_idle", "hyalite_upstream_idle"},
    {"worker_deaths", "hyalite_worker_deaths_total"},
    {"generation_deaths", "hyalite_generation_deaths_total"},
    {"reloads", "hyalite_reloads_total"},
    {"failed_reloads", "hyalite_reloads_failed_total"},
};

void write_generation(JsonWriter& json, const GenerationFacts& generation) {
  json.open_object()
      .member("number", generation.number)
      .member("state", generation.state)
      .member("pid", generation.pid)
      .member("since", iso_time(generation.since))
      .name("workers")
      .open_array();
  for (const WorkerFacts& worker : generation.workers) {
    json.open_object()
        .member("index", worker.index)
        .member("pid", worker.pid)
        .member("replaced", worker.replaced)
        .member("started", iso_time(worker.started));
    if (worker.retired_pid != 0) json.member("retired_pid", worker.retired_pid);
    json.close_object();
  }
  json.close_array().close_object();
}

std::uint64_t sum_of(const Totals& totals, std::string_view family, std::string_view instance) {
  std::uint64_t sum = 0;
  for (const auto& [labels, value] : totals.series(family)) {
    if (std::find(labels.begin(), labels.end(), MetricLabel{"instance", std::string(instance)}) !=
        labels.end())
      sum += value;
  }
  return sum;
}

// What the generation said about each plugin, and what was counted about it.
void write_plugins(JsonWriter& json, const ServiceFacts& facts, const Totals& totals) {
  json.name("plugins").open_array();
  const auto document = JsonDocument::parse(facts.plugins);
  const JsonView all = document ? document->root() : JsonView();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const JsonView plugin = all.element(i);
    const std::string name(plugin.member("name").string().value_or(""));
    json.open_object();
    for (std::size_t m = 0; m < plugin.size(); ++m) {
      json.name(plugin.key(m)).raw(plugin.element(m).text());
    }
    json.member("calls", sum_of(totals, "hyalite_plugin_calls_total", name));
    json.member("errors", sum_of(totals, "hyalite_plugin_errors_total", name));
    json.member("faults", sum_of(totals, "hyalite_plugin_faults_total", name));
    json.member("quarantined", std::find(facts.quarantined.begin(), facts.quarantined.end(),
                                         name) != facts.quarantined.end());
    json.close_object();
  }
  json.close_array();
}

void write_faults(JsonWriter& json, const std::vector<FaultFacts>& faults) {
  json.name("faults").open_array();
  for (const FaultFacts& fault : faults) {
    const auto text_or_null = [&](std::string_view member, const std::string& text) {
      json.name(member);
      text.empty() ? json.null() : json.value(text);
    };
    json.open_object()
        .member("at", iso_time(fault.at))
        .member("cause", fault.cause)
        .member("generation", fault.generation)
        .member("worker", fault.worker);
    if (fault.pid != 0) json.member("pid", fault.pid);
    text_or_null("plugin", fault.instance);
    text_or_null("hook", fault.hook);
    json.member("what", fault.what).close_object();
  }
  json.close_array();
}

void write_ca(JsonWriter& json, const std::optional<CaFacts>& ca) {
  json.name("ca");
  if (!ca) {
    json.null();
    return;
  }
  json.open_object()
      .member("subject", ca->subject)
      .member("sha256", ca->sha256)
      .member("not_after", iso_time(ca->not_after))
      .member("ends_soon", ca->ends_soon)
      .member("fault", ca->fault)
      .close_object();
}

void write_refused(JsonWriter& json, const std::vector<RefusedName>& refused) {
  json.name("refused").open_array();
  for (const RefusedName& one : refused) {
    json.open_object()
        .member("name", one.name)
        .member("count", one.count)
        .member("last", iso_time(one.last))
        .name("passes_until");
    one.passes_until ? json.value(iso_time(*one.passes_until)) : json.null();
    json.member("cause", one.cause).name("clients").open_array();
    for (const RefusedName::Client& client : one.clients) {
      json.open_object()
          .member("address", client.address)
          .member("count", client.count)
          .member("sign", client.last_sign)
          .close_object();
    }
    json.close_array().close_object();
  }
  json.close_array();
}

}  // namespace

std::string iso_time(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts));
}

std::string status_json(const ServiceFacts& facts, const Totals& totals) {
  JsonWriter json;
  json.open_object()
      .member("version", facts.version)
      .member("started", iso_time(facts.started))
      .member("uptime_seconds",
              std::chrono::duration_cast<Seconds>(facts.now - facts.started).count())
      .member("master_pid", facts.master_pid)
      .member("settings_file", facts.settings_file)
      .member("serving", facts.serving())
      .name("listening")
      .open_array();
  for (const std::string& address : facts.listening) json.value(address);
  json.close_array().name("generations").open_array();
  for (const GenerationFacts& generation : facts.generations) write_generation(json, generation);
  json.close_array().name("counts").open_object();
  for (const Count& count : kCounts) json.member(count.name, totals.sum(count.family));
  json.close_object();
  write_plugins(json, facts, totals);
  write_faults(json, facts.faults);
  json.name("last_failure");
  facts.last_failure.empty() ? json.null() : json.value(facts.last_failure);
  write_ca(json, facts.ca);
  write_refused(json, facts.refused);
  return json.close_object().text() + '\n';
}

}  // namespace hyalite

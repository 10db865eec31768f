// The metrics that plugins define.
// SPDX-License-Identifier: MIT
#include "plugin/abi.h"
#include "plugin/host.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostOwnLabels = 7;  // one more is ours: instance

hyalite_status define(const hyalite_host* host, const hyalite_metric* metric, std::uint32_t* id) {
  hyalite_metric asked{};
  if (const auto status = read_struct(metric, asked); status != HYALITE_OK) return status;
  InstanceHost& instance = InstanceHost::of(host);
  if (instance.session() == nullptr) return HYALITE_E_LATE;
  if (id == nullptr) return HYALITE_E_INVALID;
  if (asked.kind > HYALITE_GAUGE) return HYALITE_E_UNSUPPORTED;
  if (asked.label_count > kMostOwnLabels) return HYALITE_E_LIMIT;
  MetricFamily family;
  family.name = "hyalite_plugin_" + std::string(view(asked.name));
  family.help = view(asked.help);
  family.kind = asked.kind == HYALITE_COUNTER ? MetricKind::counter : MetricKind::gauge;
  MetricLabels labels;
  for (std::size_t i = 0; i < asked.label_count; ++i) {
    labels.push_back(
        {std::string(view(asked.labels[i].name)), std::string(view(asked.labels[i].value))});
  }
  const auto defined = instance.define(family, std::move(labels));
  if (!defined) {
    instance.complain("plugin.metric_refused", "create", defined.error().text);
    return HYALITE_E_INVALID;
  }
  *id = *defined;
  return HYALITE_OK;
}

std::uint64_t* cell(const hyalite_host* host, std::uint32_t id) {
  return InstanceHost::of(host).cell(id);
}

}  // namespace

const hyalite_host_metrics* metrics_table() {
  static constexpr hyalite_host_metrics kTable{sizeof(hyalite_host_metrics), 0, &define, &cell};
  return &kTable;
}

}  // namespace hyalite

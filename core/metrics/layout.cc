// What is counted: declared once, before the workers exist.
// SPDX-License-Identifier: MIT
#include "metrics/layout.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/text.h"

namespace hyalite {

namespace {

Error refused(std::string text) { return Error{Fault::plugin, std::move(text)}; }

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > Layout::kMostNameBytes || name[0] < 'a' || name[0] > 'z')
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_text(std::string_view text) {
  return text.size() <= Layout::kMostTextBytes && is_utf8(text);
}

Result<void> check_bounds(const MetricFamily& family) {
  const bool wanted = family.kind == MetricKind::histogram;
  if (family.bounds.empty() == wanted)
    return refused(family.name + ": only histograms have bounds, and need them");
  if (family.bounds.size() > Layout::kMostBounds) return refused(family.name + ": too many bounds");
  const auto& bounds = family.bounds;
  if (std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) != bounds.end()) {
    return refused(family.name + ": the bounds do not ascend");
  }
  return {};
}

Result<void> check_family(const MetricFamily& family) {
  if (!is_name(family.name) || !family.name.starts_with("hyalite_")) {
    return refused("\"" + printable(family.name) + "\" is no name of a metric: hyalite_[a-z0-9_]*");
  }
  if ((family.kind == MetricKind::counter) != family.name.ends_with("_total")) {
    return refused(family.name + ": the names of counters, and only theirs, end in _total");
  }
  if (family.help.empty() || !is_text(family.help))
    return refused(family.name + ": the help is no text");
  if (family.per_unit == 0) return refused(family.name + ": no unit");
  return check_bounds(family);
}

Result<void> check_labels(const MetricFamily& family, const MetricLabels& labels) {
  if (labels.size() > Layout::kMostLabels) return refused(family.name + ": too many labels");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    // "le" and "quantile" belong to the exposition format.
    const std::string& name = labels[i].name;
    if (!is_name(name) || name == "le" || name == "quantile") {
      return refused(family.name + ": \"" + printable(name) + "\" is no name of a label");
    }
    if (!is_text(labels[i].value))
      return refused(family.name + ": the label " + name + " is no text");
    for (std::size_t j = 0; j < i; ++j) {
      if (labels[j].name == name)
        return refused(family.name + ": the label " + name + " is given twice");
    }
  }
  return {};
}

}  // namespace

std::size_t cells_of(const MetricFamily& family) {
  return family.kind == MetricKind::histogram ? family.bounds.size() + 2 : 1;
}

Cell Layout::counter(std::string_view name, std::string_view help) {
  return must_declare({.name = std::string(name), .help = std::string(help), .bounds = {}}, {});
}

Cell Layout::gauge(std::string_view name, std::string_view help) {
  return must_declare({.name = std::string(name),
                       .help = std::string(help),
                       .kind = MetricKind::gauge,
                       .bounds = {}},
                      {});
}

Cell Layout::counters(std::string_view name, std::string_view help, std::string_view label,
                      std::span<const std::string_view> values) {
  return must_declare_all({.name = std::string(name), .help = std::string(help), .bounds = {}},
                          label, values);
}

Cell Layout::gauges(std::string_view name, std::string_view help, std::string_view label,
                    std::span<const std::string_view> values) {
  return must_declare_all({.name = std::string(name),
                           .help = std::string(help),
                           .kind = MetricKind::gauge,
                           .bounds = {}},
                          label, values);
}

HistogramPlace Layout::histogram(std::string_view name, std::string_view help,
                                 std::uint64_t per_unit, std::vector<std::uint64_t> bounds) {
  const Cell first = must_declare(
      {std::string(name), std::string(help), MetricKind::histogram, per_unit, std::move(bounds)},
      {});
  return {first, series_.back().family};
}

Region Layout::region(std::string_view name, std::size_t bytes) {
  return add_region(name, bytes, false);
}
Region Layout::worker_region(std::string_view name, std::size_t bytes) {
  return add_region(name, bytes, true);
}

Result<Cell> Layout::declare(const MetricFamily& family, const MetricLabels& labels) {
  if (auto fine = check_family(family); !fine) return fine.error();
  if (auto fine = check_labels(family, labels); !fine) return fine.error();
  if (cells_ + cells_of(family) > kMostCells) return refused(family.name + ": too many metrics");
  auto index = family_index(family);
  if (!index) return index.error();
  if (!known_.emplace(*index, labels).second) return refused(family.name + ": declared twice");
  const Cell first{static_cast<std::uint32_t>(cells_)};
  cells_ += cells_of(family);
  series_.push_back({*index, labels, first});
  return first;
}

Result<std::uint32_t> Layout::family_index(const MetricFamily& family) {
  const auto known =
      std::find_if(families_.begin(), families_.end(),
                   [&](const MetricFamily& other) { return other.name == family.name; });
  if (known == families_.end()) {
    families_.push_back(family);
    return static_cast<std::uint32_t>(families_.size() - 1);
  }
  if (!(*known == family)) return refused(family.name + ": declared already, in another way");
  return static_cast<std::uint32_t>(known - families_.begin());
}

Cell Layout::must_declare(const MetricFamily& family, const MetricLabels& labels) {
  const auto cell = declare(family, labels);
  assert(cell && "a family of our own is declared twice or wrongly");
  return cell ? *cell : Cell{};
}

Cell Layout::must_declare_all(const MetricFamily& family, std::string_view label,
                              std::span<const std::string_view> values) {
  const Cell first{static_cast<std::uint32_t>(cells_)};
  for (const std::string_view value : values)
    must_declare(family, {{std::string(label), std::string(value)}});
  return first;
}

Region Layout::add_region(std::string_view name, std::size_t bytes, bool per_worker) {
  assert(bytes > 0 && bytes <= kMostRegionBytes);
  regions_.push_back({std::string(name), bytes, per_worker});
  return {static_cast<std::uint32_t>(regions_.size() - 1)};
}

}  // namespace hyalite

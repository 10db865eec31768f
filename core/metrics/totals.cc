// The numbers of many rows and boards, added up; shown as Prometheus text.
// SPDX-License-Identifier: MIT
#include "metrics/totals.h"

#include <array>
#include <charconv>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "metrics/words.h"

namespace hyalite {

namespace {

constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};

std::string escaped(std::string_view text, bool quotes_too) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes_too) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(std::uint64_t value, std::uint64_t per_unit) {
  if (value % per_unit == 0) return std::to_string(value / per_unit);
  std::array<char, 32> digits;
  const double shown = static_cast<double>(value) / static_cast<double>(per_unit);
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), shown).ptr};
}

// `{a="b",le="1"}`; nothing when there are no labels.
std::string braces(const MetricLabels& labels, std::string_view bound = {}) {
  std::string out;
  for (const MetricLabel& label : labels) {
    out += (out.empty() ? "{" : ",") + label.name + "=\"" + escaped(label.value, true) + '"';
  }
  if (!bound.empty()) out += (out.empty() ? "{le=\"" : ",le=\"") + std::string(bound) + '"';
  return out.empty() ? out : out + '}';
}

std::uint64_t count_of(const MetricFamily& family, const std::vector<std::uint64_t>& cells) {
  if (family.kind != MetricKind::histogram) return cells[0];
  return std::accumulate(cells.begin(), cells.end() - 1, std::uint64_t{0});
}

void show_histogram(std::string& out, const MetricFamily& family, const MetricLabels& labels,
                    const std::vector<std::uint64_t>& cells) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i <= family.bounds.size(); ++i) {
    so_far += cells[i];
    const std::string bound =
        i < family.bounds.size() ? number(family.bounds[i], family.per_unit) : "+Inf";
    out += family.name + "_bucket" + braces(labels, bound) + ' ' + std::to_string(so_far) + '\n';
  }
  out += family.name + "_sum" + braces(labels) + ' ' + number(cells.back(), family.per_unit) + '\n';
  out += family.name + "_count" + braces(labels) + ' ' + std::to_string(so_far) + '\n';
}

}  // namespace

void Totals::add(const BoardView& board) { add(board, false); }
void Totals::add_finished(const BoardView& board) { add(board, true); }

void Totals::add(const BoardView& board, bool finished) {
  for (const MetricSeries& series : board.layout().series()) {
    const MetricFamily& family = board.layout().families()[series.family];
    if (finished && family.kind == MetricKind::gauge) continue;
    std::vector<std::uint64_t>* sums = cells(family, series.labels);
    if (sums == nullptr) continue;
    for (unsigned row = 0; row <= board.workers(); ++row) {
      for (std::size_t i = 0; i < sums->size(); ++i)
        (*sums)[i] += board.value(row, series.first + i);
    }
  }
}

void Totals::add(const MetricFamily& family, const MetricLabels& labels, std::uint64_t value) {
  if (auto* sums = cells(family, labels)) sums->front() += value;
}

// Null when an earlier generation knew the family in another shape (after an upgrade): the newer
// program's numbers, which come last, cannot be added to it.
std::vector<std::uint64_t>* Totals::cells(const MetricFamily& family, const MetricLabels& labels) {
  auto& known = families_.try_emplace(family.name, Family{family, {}}).first->second;
  if (known.what.kind != family.kind || known.what.per_unit != family.per_unit ||
      known.what.bounds != family.bounds) {
    return nullptr;
  }
  auto& sums = known.series[labels];
  sums.resize(cells_of(family));
  return &sums;
}

std::uint64_t Totals::value(std::string_view family, const MetricLabels& labels) const {
  const auto known = families_.find(family);
  if (known == families_.end()) return 0;
  const auto series = known->second.series.find(labels);
  return series == known->second.series.end() ? 0 : count_of(known->second.what, series->second);
}

std::uint64_t Totals::sum(std::string_view family) const {
  std::uint64_t sum = 0;
  for (const auto& [labels, value] : series(family)) sum += value;
  return sum;
}

std::vector<std::pair<MetricLabels, std::uint64_t>> Totals::series(std::string_view family) const {
  std::vector<std::pair<MetricLabels, std::uint64_t>> all;
  const auto known = families_.find(family);
  if (known == families_.end()) return all;
  for (const auto& [labels, cells] : known->second.series) {
    all.emplace_back(labels, count_of(known->second.what, cells));
  }
  return all;
}

std::string Totals::exposition() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ' + escaped(family.what.help, false) + '\n';
    out += "# TYPE " + name + ' ' +
           std::string(kKinds[static_cast<std::size_t>(family.what.kind)]) + '\n';
    for (const auto& [labels, cells] : family.series) {
      if (family.what.kind == MetricKind::histogram) {
        show_histogram(out, family.what, labels, cells);
      } else {
        out += name + braces(labels) + ' ' + number(cells[0], family.what.per_unit) + '\n';
      }
    }
  }
  return out;
}

std::string Totals::text() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "family " + family_words(family.what) + '\n';
    for (const auto& [labels, cells] : family.series) {
      out += "series";
      for (const std::uint64_t cell : cells) out += ' ' + std::to_string(cell);
      out += (labels.empty() ? "" : " ") + label_words(labels) + '\n';
    }
  }
  return out;
}

Result<Totals> Totals::parse(std::string_view text) {
  const Error odd{Fault::us, "these are no totals that this program wrote"};
  Totals totals;
  Layout rules;  // a series that cannot be declared cannot be shown either
  std::optional<MetricFamily> family;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    if (line.starts_with("family ")) {
      if (family = family_from_words(line.substr(7)); !family) return odd;
      continue;
    }
    if (!line.starts_with("series ") || !family) return odd;
    std::vector<std::uint64_t> cells;
    std::string_view rest = line.substr(7);
    for (std::size_t i = 0; i < cells_of(*family); ++i) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const auto cell = parse_decimal(rest.substr(0, end));
      if (!cell) return odd;
      cells.push_back(*cell);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const auto labels = labels_from_words(rest);
    if (!labels || !rules.declare(*family, *labels)) return odd;
    totals.families_.try_emplace(family->name, Family{*family, {}}).first->second.series[*labels] =
        std::move(cells);
  }
  return totals;
}

}  // namespace hyalite

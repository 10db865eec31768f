// Families and labels as words of a line: how layouts and totals are written down to be read again.
// SPDX-License-Identifier: MIT
#include "metrics/words.h"

#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};

std::string bounds_word(const std::vector<std::uint64_t>& bounds) {
  std::string out;
  for (const std::uint64_t bound : bounds) out += (out.empty() ? "" : ",") + std::to_string(bound);
  return out.empty() ? "-" : out;
}

std::optional<std::vector<std::uint64_t>> bounds_from_word(std::string_view text) {
  std::vector<std::uint64_t> bounds;
  if (text == "-") return bounds;
  for (const std::string_view piece : split(text, ',')) {
    const auto bound = parse_decimal(piece);
    if (!bound) return std::nullopt;
    bounds.push_back(*bound);
  }
  return bounds;
}

std::optional<MetricKind> kind_from_word(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    if (text == kKinds[i]) return static_cast<MetricKind>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string family_words(const MetricFamily& family) {
  return std::string(kKinds[static_cast<std::size_t>(family.kind)]) + ' ' +
         std::to_string(family.per_unit) + ' ' + bounds_word(family.bounds) + ' ' +
         word(family.name) + ' ' + word(family.help);
}

std::optional<MetricFamily> family_from_words(std::string_view words) {
  const auto pieces = split(words, ' ');
  if (pieces.size() != 5) return std::nullopt;
  const auto kind = kind_from_word(pieces[0]);
  const auto per_unit = parse_decimal(pieces[1]);
  const auto bounds = bounds_from_word(pieces[2]);
  const auto name = from_word(pieces[3]), help = from_word(pieces[4]);
  if (!kind || !per_unit || !bounds || !name || !help) return std::nullopt;
  return MetricFamily{*name, *help, *kind, *per_unit, *bounds};
}

std::string label_words(const MetricLabels& labels) {
  std::string out;
  for (const MetricLabel& label : labels) {
    out += (out.empty() ? "" : " ") + word(label.name) + ' ' + word(label.value);
  }
  return out;
}

std::optional<MetricLabels> labels_from_words(std::string_view words) {
  MetricLabels labels;
  if (words.empty()) return labels;
  const auto pieces = split(words, ' ');
  if (pieces.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < pieces.size(); i += 2) {
    auto name = from_word(pieces[i]), value = from_word(pieces[i + 1]);
    if (!name || !value) return std::nullopt;
    labels.push_back({std::move(*name), std::move(*value)});
  }
  return labels;
}

}  // namespace hyalite

// Families and labels as words of a line: how layouts and totals are written down to be read again.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "metrics/layout.h"

namespace hyalite {

// `kind per_unit bounds name help`, five words; and back.
std::string family_words(const MetricFamily& family);
std::optional<MetricFamily> family_from_words(std::string_view words);

// `name value name value ...`; empty without labels.
std::string label_words(const MetricLabels& labels);
std::optional<MetricLabels> labels_from_words(std::string_view words);

}  // namespace hyalite

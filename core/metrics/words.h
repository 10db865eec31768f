// Texts as single words of a line: how layouts and totals are written down to be read again.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "metrics/layout.h"

namespace hyalite {

// Without spaces, line ends and control characters, and never empty: other bytes as %XX, the empty
// text as "%".
std::string word(std::string_view text);
// The text again; nothing when it is not what word() writes.
std::optional<std::string> from_word(std::string_view word);

// `kind per_unit bounds name help`, five words; and back.
std::string family_words(const MetricFamily& family);
std::optional<MetricFamily> family_from_words(std::string_view words);

// `name value name value ...`; empty without labels.
std::string label_words(const MetricLabels& labels);
std::optional<MetricLabels> labels_from_words(std::string_view words);

}  // namespace hyalite

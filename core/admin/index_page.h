// The first admin page: for a person with a browser.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "admin/source.h"
#include "metrics/totals.h"

namespace hyalite {

// HTML without scripts; whatever others named is escaped.
std::string index_page(const ServiceFacts& facts, const Totals& totals);

}  // namespace hyalite

// Asks the library what a JSON Schema does not allow. json_schema.cc is the only file that includes
// valijson. SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace hyalite {

// What the library says, sorted by what it means for us.
struct Complaint {
  enum class Kind {
    value,         // the value itself is wrong
    unknown_name,  // a mapping has a name that it may not have; only the first such is told
    missing_name,
    alternative,   // ends the complaints of the alternative `index`, at the same steps
    alternatives,  // ends those of all alternatives
    echo,          // only repeats that something inside is wrong
  };
  Kind kind = Kind::value;
  std::vector<std::string> steps;  // to the value: names and indices
  std::string text;                // in the library's words
  int index = 0;
};

// The schema that a reference ("#/definitions/x") means; null when there is none, or it is no
// reference.
const nlohmann::json* referred_by(const nlohmann::json& schema, const nlohmann::json& root);

// In the order of the checks: what is inside of a value before the value. Empty: all is allowed.
// The plugin's fault when the schema cannot be used.
Result<std::vector<Complaint>> complaints_about(const nlohmann::json& value,
                                                const nlohmann::json& schema);

}  // namespace hyalite

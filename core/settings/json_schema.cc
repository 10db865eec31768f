// Asks the library what a JSON Schema does not allow. json_schema.cc is the only file that includes
// valijson. SPDX-License-Identifier: MIT
#include "settings/json_schema.h"

// gcc 12 with sanitizers sees uninitialized memory inside of std::regex, where there is none (GCC
// bug 105562).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
// Without it the library aborts over a schema that it cannot use.
#ifndef VALIJSON_USE_EXCEPTIONS
#define VALIJSON_USE_EXCEPTIONS 1
#endif

#include <algorithm>
#include <exception>
#include <map>
#include <string_view>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/text.h"

namespace hyalite {

namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;
using Json = nlohmann::json;
using Kind = Complaint::Kind;

Kind kind_of(std::string_view text) {
  static constexpr std::pair<std::string_view, Kind> kBeginnings[] = {
      {"Failed to validate against child schema #", Kind::alternative},
      {"Failed to validate against any ", Kind::alternatives},
      {"Failed to validate against exactly one", Kind::alternatives},
      {"Failed to validate ", Kind::echo},
      {"Object contains a property that could not", Kind::unknown_name},
      {"Missing required property", Kind::missing_name},
  };
  for (const auto& [beginning, kind] : kBeginnings) {
    if (text.starts_with(beginning)) return kind;
  }
  return Kind::value;
}

// "... child schema #1."
int index_in(std::string_view text) {
  const auto digits = text.substr(text.find('#') + 1);
  return static_cast<int>(parse_decimal(digits.substr(0, digits.find('.'))).value_or(0));
}

Complaint complaint_of(const valijson::ValidationResults::Error& error) {
  Complaint complaint{kind_of(error.description), {}, error.description, 0};
  for (std::size_t i = 1; i < error.context.size(); ++i) {  // after "<root>": "[hosts]", "[0]"
    const std::string& step = error.context[i];
    complaint.steps.push_back(step.size() < 2 ? step : step.substr(1, step.size() - 2));
  }
  if (complaint.kind == Kind::alternative) complaint.index = index_in(error.description);
  return complaint;
}

// Is there a schema that asks itself about the very same value? The library would ask for ever.
class Circles {
 public:
  explicit Circles(const Json& root) : root_(root) {}

  bool in(const Json& value) {
    if (leads_back(value)) return true;
    const auto inside = [this](const Json& each) { return each.is_structured() && in(each); };
    return value.is_structured() && std::any_of(value.begin(), value.end(), inside);
  }

 private:
  bool leads_back(const Json& schema) {
    if (!schema.is_object()) return false;
    const auto [state, is_new] = done_.emplace(&schema, false);
    if (!is_new) return !state->second;
    const Json* referred = referred_by(schema, root_);
    if (referred != nullptr && leads_back(*referred)) return true;
    for (const char* name :
         {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies"}) {
      const auto found = schema.find(name);
      if (found == schema.end() || !found->is_structured()) continue;
      const auto back = [this](const Json& each) { return leads_back(each); };
      if (leads_back(*found) || std::any_of(found->begin(), found->end(), back)) return true;
    }
    done_[&schema] = true;
    return false;
  }

  const Json& root_;
  std::map<const Json*, bool> done_;  // false: its own references are being followed
};

}  // namespace

const Json* referred_by(const Json& schema, const Json& root) {
  if (!schema.is_object() || !schema.contains("$ref") || !schema["$ref"].is_string())
    return nullptr;
  const auto text = schema["$ref"].get<std::string>();
  if (!text.starts_with('#')) return nullptr;
  try {
    return &root.at(Json::json_pointer(text.substr(1)));
  } catch (const Json::exception&) {
    return nullptr;
  }
}

Result<std::vector<Complaint>> complaints_about(const nlohmann::json& value,
                                                const nlohmann::json& schema) {
  if (Circles(schema).in(schema)) return Error{Fault::plugin, "it refers to itself without end"};
  try {
    valijson::Schema parsed;
    valijson::SchemaParser().populateSchema(Adapter(schema), parsed);
    valijson::Validator validator;
    valijson::ValidationResults results;
    std::vector<Complaint> complaints;
    if (validator.validate(parsed, Adapter(value), &results)) return complaints;
    for (const auto& error : results) complaints.push_back(complaint_of(error));
    // Never nothing: what is refused has a reason.
    if (complaints.empty()) complaints.push_back({Kind::value, {}, "not allowed by the schema", 0});
    return complaints;
  } catch (const std::exception& error) {
    return Error{Fault::plugin, error.what()};
  }
}

}  // namespace hyalite

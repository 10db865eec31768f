// A plugin's settings against the schema it carries.
// SPDX-License-Identifier: MIT
#include "settings/plugin_settings.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/text.h"
#include "settings/configuration.h"
#include "settings/json.h"
#include "settings/schema_words.h"

namespace hyalite {

namespace {

using Json = nlohmann::json;
using Steps = std::vector<std::string>;

std::string settings_path(std::size_t chain_index) { return "plugins[" + std::to_string(chain_index) + "].settings"; }

// The value at the steps, as far as they lead.
const Json* value_at(const Json& root, const Steps& steps) {
  const Json* at = &root;
  for (const std::string& step : steps) {
    if (at->is_array()) {
      const auto index = parse_decimal(step);
      if (!index || *index >= at->size()) return nullptr;
      at = &(*at)[*index];
    } else {
      if (!at->is_object() || !at->contains(step)) return nullptr;
      at = &(*at)[step];
    }
  }
  return at;
}

// A step that is no member's name is an index.
std::string path_of(const PluginSettings& plugin, const Steps& steps, std::size_t chain_index) {
  std::string path = settings_path(chain_index);
  std::string pointer;
  for (const std::string& step : steps) {
    const bool in_list = plugin.settings.positions.contains(pointer_to(pointer, "0"));
    pointer = pointer_to(pointer, step);
    const bool index = in_list && !plugin.settings.names.contains(pointer);
    path += index ? '[' + step + ']' : '.' + step;
  }
  return path;
}

std::string pointer_of(const Steps& steps) {
  std::string pointer;
  for (const std::string& step : steps) pointer = pointer_to(pointer, step);
  return pointer;
}

std::string shown(const Json& value) {
  if (value.is_object()) return "a mapping";
  if (value.is_array()) return "a list";
  if (value.is_null()) return "empty";
  if (!value.is_string()) return value.dump();
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = value.get<std::string>();
  return node.shown();
}

Position position_in(const std::map<std::string, Position>& positions, const std::string& pointer) {
  const auto found = positions.find(pointer);
  return found == positions.end() ? Position{} : found->second;
}

// What valijson said, sorted by what it means for us.
struct Complaint {
  enum class Kind {
    value,         // the value itself is wrong
    unknown_name,  // a name that may not be there
    missing_name,
    alternative,  // ends the complaints of one alternative: `index`
    alternatives,  // ends those of all
    echo,          // only repeats that something inside is wrong
  };
  Kind kind;
  Steps steps;
  std::string text;
  int index = 0;
};

Complaint::Kind kind_of(std::string_view text) {
  using Kind = Complaint::Kind;
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

Complaint complaint_of(const valijson::ValidationResults::Error& error) {
  Complaint complaint{kind_of(error.description), {}, error.description};
  for (std::size_t i = 1; i < error.context.size(); ++i) {  // after "<root>": "[hosts]", "[0]"
    const std::string& step = error.context[i];
    complaint.steps.push_back(step.size() < 2 ? step : step.substr(1, step.size() - 2));
  }
  const auto number = error.description.rfind('#');
  if (complaint.kind == Complaint::Kind::alternative && number != std::string::npos) {
    const auto digits = std::string_view(error.description).substr(number + 1);
    complaint.index = static_cast<int>(parse_decimal(digits.substr(0, digits.find('.'))).value_or(0));
  }
  return complaint;
}

// Turns complaints about one plugin into mistakes.
class Explainer {
 public:
  Explainer(const PluginSettings& plugin, std::size_t chain_index, const Json& schema, const Json& settings,
            std::string_view file)
      : plugin_(plugin), chain_index_(chain_index), words_(schema), settings_(settings), file_(file) {}

  Mistakes explain(valijson::ValidationResults& results) {
    std::vector<Complaint> complaints;
    for (const auto& error : results) take(complaints, complaint_of(error));
    for (const Complaint& complaint : complaints) add(complaint);
    // Never nothing: what is refused has a reason, even if only the library's.
    if (mistakes_.empty()) add_value({Complaint::Kind::value, {}, {}}, results.begin()->description, {}, {});
    sort_by_position(mistakes_);
    return std::move(mistakes_);
  }

 private:
  // Of the complaints about alternatives, only those about the one that was meant help; or else one about all of them.
  void take(std::vector<Complaint>& complaints, Complaint complaint) const {
    if (complaint.kind == Complaint::Kind::echo) return;
    if (complaint.kind == Complaint::Kind::alternatives) {
      const auto first = first_inside(complaints, complaint.steps);
      std::vector<Complaint> inside(std::make_move_iterator(first), std::make_move_iterator(complaints.end()));
      complaints.erase(first, complaints.end());
      std::vector<Complaint> meant = of_meant_alternative(std::move(inside), complaint.steps);
      if (!meant.empty()) {
        std::move(meant.begin(), meant.end(), std::back_inserter(complaints));
        return;
      }
    }
    complaints.push_back(std::move(complaint));
  }

  static std::vector<Complaint>::iterator first_inside(std::vector<Complaint>& complaints, const Steps& steps) {
    const auto inside = [&](const Complaint& c) {
      return c.steps.size() >= steps.size() && std::equal(steps.begin(), steps.end(), c.steps.begin());
    };
    auto first = complaints.end();
    while (first != complaints.begin() && inside(*std::prev(first))) --first;
    return first;
  }

  std::vector<Complaint> of_meant_alternative(std::vector<Complaint> inside, const Steps& steps) const {
    const Json* schema = words_.part_for(steps);
    const Json* value = value_at(settings_, steps);
    const int meant = schema != nullptr && value != nullptr ? words_.meant_alternative(*schema, *value) : -1;
    std::vector<Complaint> current;
    for (Complaint& complaint : inside) {
      const bool ends = complaint.kind == Complaint::Kind::alternative && complaint.steps == steps;
      if (ends && complaint.index == meant) return current;
      if (ends) {
        current.clear();
      } else {
        current.push_back(std::move(complaint));
      }
    }
    return {};
  }

  void add(const Complaint& complaint) {
    const Json* value = value_at(settings_, complaint.steps);
    const Json* schema = words_.part_for(complaint.steps);
    using Kind = Complaint::Kind;
    if (value == nullptr || schema == nullptr) return add_value(complaint, complaint.text, {}, {});
    if (complaint.kind == Kind::alternative) return;  // of an allOf: what is inside has been said
    const bool mapping = value->is_object();
    if (mapping && complaint.kind == Kind::unknown_name && add_unknown_names(complaint, *schema, *value)) return;
    if (mapping && complaint.kind == Kind::missing_name && add_missing_names(complaint, *schema, *value)) return;
    std::string expected = words_.expected(*schema);
    if (mapping && complaint.kind == Kind::alternatives) add_unknown_names(complaint, *schema, *value);
    const std::string path = path_of(plugin_, complaint.steps, chain_index_);
    if (expected.empty()) return add_value(complaint, path + " is " + shown(*value) + ": " + complaint.text, {}, {});
    const std::string suggestion = suggested(*schema, *value);
    add_value(complaint, path + " is " + shown(*value), std::move(expected), suggestion);
  }

  // For a value out of a list of texts.
  static std::string suggested(const Json& schema, const Json& value) {
    if (!value.is_string() || !schema.contains("enum")) return {};
    std::vector<std::string_view> known;
    for (const Json& choice : schema["enum"]) {
      if (choice.is_string()) known.push_back(choice.get_ref<const std::string&>());
    }
    return std::string(did_you_mean(value.get_ref<const std::string&>(), known));
  }

  // All of them: the library names only the first. False when it names one that we would not.
  bool add_unknown_names(const Complaint& complaint, const Json& schema, const Json& value) {
    const std::vector<std::string> known = words_.known_names(schema);
    const std::vector<std::string_view> views(known.begin(), known.end());
    bool any = false;
    for (const auto& entry : value.items()) {
      if (std::binary_search(known.begin(), known.end(), entry.key())) continue;
      any = true;
      Steps steps = complaint.steps;
      steps.push_back(entry.key());
      const std::string suggestion(did_you_mean(entry.key(), views));
      add({file_, position_in(plugin_.settings.names, pointer_of(steps)), path_of(plugin_, steps, chain_index_),
           "unknown setting \"" + entry.key() + "\" of " + plugin_.name,
           suggestion.empty() && !known.empty() ? "one of " + listed(known, "or") : std::string(), suggestion});
    }
    return any;
  }

  bool add_missing_names(const Complaint& complaint, const Json& schema, const Json& value) {
    const std::string path = path_of(plugin_, complaint.steps, chain_index_);
    const auto missing = words_.missing_names(schema, value);
    for (const std::string& name : missing) {
      Steps steps = complaint.steps;
      steps.push_back(name);
      const Json* wanted = words_.part_for(steps);
      add({file_, position_in(plugin_.settings.positions, pointer_of(complaint.steps)),
           path_of(plugin_, steps, chain_index_), path + " has no \"" + name + '"',
           wanted == nullptr ? std::string() : words_.expected(*wanted), {}});
    }
    return !missing.empty();
  }

  void add_value(const Complaint& complaint, std::string what, std::string expected, std::string suggestion) {
    add({file_, position_in(plugin_.settings.positions, pointer_of(complaint.steps)),
         path_of(plugin_, complaint.steps, chain_index_), std::move(what), std::move(expected), std::move(suggestion)});
  }

  // A value may be wrong in several ways, and is told once; so is a name in several alternatives.
  void add(Mistake mistake) {
    const auto same = [&](const Mistake& other) { return other.path == mistake.path && other.what == mistake.what; };
    if (std::none_of(mistakes_.begin(), mistakes_.end(), same)) mistakes_.push_back(std::move(mistake));
  }

  const PluginSettings& plugin_;
  std::size_t chain_index_;
  SchemaWords words_;
  const Json& settings_;
  std::string file_;
  Mistakes mistakes_;
};

Mistakes check(const PluginSettings& plugin, std::size_t chain_index, std::string_view schema_text,
               std::string_view file) {
  const Json schema_json = Json::parse(schema_text);
  const Json settings = Json::parse(plugin.settings.json);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(settings), &results)) return {};
  return Explainer(plugin, chain_index, schema_json, settings, file).explain(results);
}

}  // namespace

Mistakes check_plugin_settings(const PluginSettings& plugin, std::size_t chain_index, std::string_view schema,
                               std::string_view file) {
  if (schema.empty()) return {};
  try {
    return check(plugin, chain_index, schema, file);
  } catch (const std::exception& error) {
    return {{std::string(file), position_in(plugin.settings.positions, ""), settings_path(chain_index),
             "the settings schema of plugin " + plugin.use + " cannot be used: " + error.what(),
             "JSON Schema, draft 7; its author must mend it", {}}};
  }
}

Mistake plugin_mistake(const PluginSettings& plugin, std::size_t chain_index, std::string_view pointer,
                       std::string_view what, std::string_view file) {
  std::string known(pointer);
  while (!known.empty() && !plugin.settings.positions.contains(known)) {
    const auto slash = known.rfind('/');
    known.resize(slash == std::string::npos ? 0 : slash);
  }
  const std::string path = path_of(plugin, pointer_steps(known), chain_index);
  return {std::string(file), position_in(plugin.settings.positions, known), path, path + ": " + std::string(what), {}, {}};
}

}  // namespace hyalite

// A plugin's settings against the schema it carries.
// SPDX-License-Identifier: MIT
#include "settings/plugin_settings.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "settings/json.h"
#include "settings/json_schema.h"
#include "settings/schema_words.h"
#include "settings/yaml.h"

namespace hyalite {

namespace {

using Json = nlohmann::json;
using Steps = std::vector<std::string>;

std::string settings_path(std::size_t chain_index) {
  return "plugins[" + std::to_string(chain_index) + "].settings";
}

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

// A complaint, and the alternative that was meant among those of the value at the first `depth`
// steps.
struct Finding : Complaint {
  const Json* alternative = nullptr;
  std::size_t depth = 0;
};

// Turns complaints about one plugin into mistakes.
class Explainer {
 public:
  Explainer(const PluginSettings& plugin, std::size_t chain_index, const Json& schema,
            const Json& settings, std::string_view file)
      : plugin_(plugin),
        chain_index_(chain_index),
        words_(schema),
        settings_(settings),
        file_(file) {}

  Mistakes explain(const std::vector<Complaint>& complaints) {
    std::vector<Finding> findings;
    for (const Complaint& complaint : complaints) take(findings, Finding{complaint});
    for (const Finding& finding : findings) add(finding);
    // Never nothing: what is refused has a reason, even if only the library's.
    if (mistakes_.empty()) add_value(Finding{complaints.front()}, complaints.front().text, {}, {});
    sort_by_position(mistakes_);
    return std::move(mistakes_);
  }

 private:
  using Kind = Complaint::Kind;

  // Of the complaints about alternatives, only those about the one that was meant help; or else one
  // about all of them.
  void take(std::vector<Finding>& findings, Finding finding) const {
    if (finding.kind == Kind::echo) return;
    if (finding.kind == Kind::alternatives) {
      const auto first = first_inside(findings, finding.steps);
      std::vector<Finding> inside(std::make_move_iterator(first),
                                  std::make_move_iterator(findings.end()));
      findings.erase(first, findings.end());
      std::vector<Finding> meant = of_meant_alternative(std::move(inside), finding.steps);
      if (!meant.empty()) {
        std::move(meant.begin(), meant.end(), std::back_inserter(findings));
        return;
      }
    }
    findings.push_back(std::move(finding));
  }

  static std::vector<Finding>::iterator first_inside(std::vector<Finding>& findings,
                                                     const Steps& steps) {
    const auto inside = [&](const Finding& f) {
      return f.steps.size() >= steps.size() &&
             std::equal(steps.begin(), steps.end(), f.steps.begin());
    };
    auto first = findings.end();
    while (first != findings.begin() && inside(*std::prev(first))) --first;
    return first;
  }

  std::vector<Finding> of_meant_alternative(std::vector<Finding> inside, const Steps& steps) const {
    const Json* schema = words_.part_for(steps);
    const Json* value = value_at(settings_, steps);
    const int meant =
        schema == nullptr || value == nullptr ? -1 : words_.meant_alternative(*schema, *value);
    if (meant < 0) return {};
    const Json* alternative = &(*alternatives_of(*schema))[static_cast<std::size_t>(meant)];
    std::vector<Finding> current;
    for (Finding& finding : inside) {
      const bool ends = finding.kind == Kind::alternative && finding.steps == steps;
      if (ends && finding.index == meant) return current;
      if (ends) {
        current.clear();
        continue;
      }
      if (finding.alternative == nullptr) {
        finding.alternative = alternative;
        finding.depth = steps.size();
      }
      current.push_back(std::move(finding));
    }
    return {};
  }

  const Json* schema_for(const Finding& finding, const Steps& steps) const {
    if (finding.alternative == nullptr) return words_.part_for(steps);
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(finding.depth);
    return words_.part_for(Steps(first, steps.end()), finding.alternative);
  }

  void add(const Finding& finding) {
    const Json* value = value_at(settings_, finding.steps);
    const Json* schema = schema_for(finding, finding.steps);
    if (value == nullptr || schema == nullptr) return add_value(finding, finding.text, {}, {});
    if (finding.kind == Kind::alternative) return;  // of an allOf: what is inside has been said
    const bool mapping = value->is_object();
    if (mapping && finding.kind == Kind::unknown_name &&
        add_unknown_names(finding, *schema, *value))
      return;
    if (mapping && finding.kind == Kind::missing_name &&
        add_missing_names(finding, *schema, *value))
      return;
    if (mapping && finding.kind == Kind::alternatives) add_unknown_names(finding, *schema, *value);
    const std::string what = path_of(plugin_, finding.steps, chain_index_) + " is " + shown(*value);
    std::string expected = words_.expected(*schema);
    if (expected.empty()) return add_value(finding, what + ": " + finding.text, {}, {});
    add_value(finding, what, std::move(expected), suggested(*schema, *value));
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
  bool add_unknown_names(const Finding& finding, const Json& schema, const Json& value) {
    const std::vector<std::string> known = words_.known_names(schema);
    const std::vector<std::string_view> views(known.begin(), known.end());
    bool any = false;
    for (const auto& entry : value.items()) {
      if (std::binary_search(known.begin(), known.end(), entry.key())) continue;
      any = true;
      Steps steps = finding.steps;
      steps.push_back(entry.key());
      const std::string suggestion(did_you_mean(entry.key(), views));
      add({file_, position_in(plugin_.settings.names, pointer_of(steps)),
           path_of(plugin_, steps, chain_index_),
           "unknown setting \"" + entry.key() + "\" of " + plugin_.name,
           suggestion.empty() && !known.empty() ? "one of " + listed(known, "or") : std::string(),
           suggestion});
    }
    return any;
  }

  bool add_missing_names(const Finding& finding, const Json& schema, const Json& value) {
    const std::string path = path_of(plugin_, finding.steps, chain_index_);
    const auto missing = words_.missing_names(schema, value);
    for (const std::string& name : missing) {
      Steps steps = finding.steps;
      steps.push_back(name);
      const Json* wanted = schema_for(finding, steps);
      add({file_,
           position_in(plugin_.settings.positions, pointer_of(finding.steps)),
           path_of(plugin_, steps, chain_index_),
           path + " has no \"" + name + '"',
           wanted == nullptr ? std::string() : words_.expected(*wanted),
           {}});
    }
    return !missing.empty();
  }

  void add_value(const Finding& finding, std::string what, std::string expected,
                 std::string suggestion) {
    add({file_, position_in(plugin_.settings.positions, pointer_of(finding.steps)),
         path_of(plugin_, finding.steps, chain_index_), std::move(what), std::move(expected),
         std::move(suggestion)});
  }

  // A value may be wrong in several ways, and is told once; so is a name in several alternatives.
  void add(Mistake mistake) {
    const auto same = [&](const Mistake& other) {
      return other.path == mistake.path && other.what == mistake.what;
    };
    if (std::none_of(mistakes_.begin(), mistakes_.end(), same))
      mistakes_.push_back(std::move(mistake));
  }

  const PluginSettings& plugin_;
  std::size_t chain_index_;
  SchemaWords words_;
  const Json& settings_;
  std::string file_;
  Mistakes mistakes_;
};

// Texts that no regular expression may be asked about.
class LongTexts {
 public:
  LongTexts(const PluginSettings& plugin, std::size_t chain_index, const Json& schema,
            std::string_view file)
      : plugin_(plugin), chain_index_(chain_index), words_(schema), file_(file) {}

  Mistakes in(const Json& settings) {
    look(settings);
    return std::move(mistakes_);
  }

 private:
  void look(const Json& value) {
    if (value.is_string()) look_at_text(value.get_ref<const std::string&>());
    if (!value.is_structured()) return;
    for (const auto& entry : value.items()) {
      steps_.push_back(entry.key());
      look(entry.value());
      steps_.pop_back();
    }
  }

  void look_at_text(const std::string& text) {
    if (text.size() <= kMaxPatternTextBytes || !words_.may_ask_for_a_pattern(steps_)) return;
    const std::string path = path_of(plugin_, steps_, chain_index_);
    mistakes_.push_back(
        {file_,
         position_in(plugin_.settings.positions, pointer_of(steps_)),
         path,
         path + " has " + std::to_string(text.size()) + " bytes",
         "at most " + std::to_string(kMaxPatternTextBytes) + " where the plugin asks for a pattern",
         {}});
  }

  const PluginSettings& plugin_;
  std::size_t chain_index_;
  SchemaWords words_;
  std::string file_;
  Steps steps_;
  Mistakes mistakes_;
};

}  // namespace

Mistakes check_plugin_settings(const PluginSettings& plugin, std::size_t chain_index,
                               std::string_view schema, std::string_view file) {
  if (schema.empty()) return {};
  const auto unusable = [&](const Error& error) -> Mistakes {
    return {{std::string(file),
             position_in(plugin.settings.positions, ""),
             settings_path(chain_index),
             "the settings schema of plugin " + plugin.use + " cannot be used: " + error.text,
             "JSON Schema, draft 7; its author must mend it",
             {}}};
  };
  if (const auto readable = JsonDocument::parse(schema); !readable)
    return unusable(readable.error());
  const Json schema_json = Json::parse(schema, nullptr, false);
  const Json settings = Json::parse(plugin.settings.json, nullptr, false);
  Mistakes too_long = LongTexts(plugin, chain_index, schema_json, file).in(settings);
  if (!too_long.empty()) return too_long;
  const auto complaints = complaints_about(settings, schema_json);
  if (!complaints) return unusable(complaints.error());
  if (complaints->empty()) return {};
  return Explainer(plugin, chain_index, schema_json, settings, file).explain(*complaints);
}

Mistake plugin_mistake(const PluginSettings& plugin, std::size_t chain_index,
                       std::string_view pointer, std::string_view what, std::string_view file) {
  std::string known(pointer);
  while (!known.empty() && !plugin.settings.positions.contains(known)) {
    const auto slash = known.rfind('/');
    known.resize(slash == std::string::npos ? 0 : slash);
  }
  const std::string path = path_of(plugin, pointer_steps(known), chain_index);
  return {std::string(file),
          position_in(plugin.settings.positions, known),
          path,
          path + ": " + std::string(what),
          {},
          {}};
}

}  // namespace hyalite

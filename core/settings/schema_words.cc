// A JSON Schema in words: what it asks for at one place. For mistakes, which the library names too
// generally. SPDX-License-Identifier: MIT
#include "settings/schema_words.h"

#include <algorithm>

#include "base/text.h"
#include "settings/json_schema.h"

namespace hyalite {

namespace {

using Json = nlohmann::json;

// A schema may refer to itself.
constexpr int kMaxDepth = 8;

const Json* member(const Json& schema, const char* name) {
  if (!schema.is_object()) return nullptr;
  const auto found = schema.find(name);
  return found == schema.end() ? nullptr : &*found;
}

std::vector<std::string> strings(const Json* list) {
  std::vector<std::string> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : *list) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// " from 1 to 5", " of at least 1", " of at most 5", or nothing.
std::string bounds(const Json& schema, const char* least, const char* most) {
  const Json* low = member(schema, least);
  const Json* high = member(schema, most);
  if (low != nullptr && high != nullptr) return " from " + text_of(*low) + " to " + text_of(*high);
  if (low != nullptr) return " of at least " + text_of(*low);
  if (high != nullptr) return " of at most " + text_of(*high);
  return {};
}

bool is_of_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

bool has_one_of_type(const Json& values, const Json& like) {
  const auto same = [&](const Json& value) { return value.type() == like.type(); };
  return values.is_array() && std::any_of(values.begin(), values.end(), same);
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

const Json* alternatives_of(const Json& schema) {
  for (const char* name : {"oneOf", "anyOf"}) {
    const Json* list = member(schema, name);
    if (list != nullptr && list->is_array()) return list;
  }
  return nullptr;
}

std::string listed(const std::vector<std::string>& texts, std::string_view last_word) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0)
      out += i + 1 == texts.size() ? ' ' + std::string(last_word) + ' ' : std::string(", ");
    out += texts[i];
  }
  return out;
}

const Json& SchemaWords::resolved(const Json& schema) const {
  const Json* at = &schema;
  for (int hops = 0; hops < kMaxDepth; ++hops) {
    const Json* referred = referred_by(*at, root_);
    if (referred == nullptr) break;
    at = referred;
  }
  return *at;
}

const Json* SchemaWords::inner(const Json& schema, const std::string& step, int depth) const {
  const Json& here = resolved(schema);
  if (const Json* properties = member(here, "properties")) {
    if (const Json* found = member(*properties, step.c_str())) return found;
  }
  const auto index = parse_decimal(step);
  const Json* items = member(here, "items");
  if (index && items != nullptr) {
    if (!items->is_array()) return items;
    if (*index < items->size()) return &(*items)[*index];
  }
  if (const Json* rest = member(here, "additionalProperties"); rest != nullptr && rest->is_object())
    return rest;
  if (depth == kMaxDepth) return nullptr;
  for (const char* name : {"allOf", "oneOf", "anyOf"}) {
    const Json* list = member(here, name);
    if (list == nullptr || !list->is_array()) continue;
    for (const Json& alternative : *list) {
      if (const Json* found = inner(alternative, step, depth + 1)) return found;
    }
  }
  return nullptr;
}

const Json* SchemaWords::part_for(const std::vector<std::string>& steps, const Json* from) const {
  const Json* at = from == nullptr ? &root_ : from;
  for (const std::string& step : steps) {
    at = inner(*at, step, 0);
    if (at == nullptr) return nullptr;
  }
  return &resolved(*at);
}

std::string SchemaWords::mapping(const Json& schema) const {
  std::vector<std::string> names = strings(member(schema, "required"));
  std::transform(names.begin(), names.end(), names.begin(), quoted);
  return names.empty() ? "a mapping" : "a mapping with " + listed(names, "and");
}

std::string SchemaWords::of_type(const Json& schema, const std::string& type, int depth) const {
  if (type == "object") return mapping(schema);
  if (type == "boolean") return "true or false";
  if (type == "null") return "nothing";
  if (type == "integer") return "a whole number" + bounds(schema, "minimum", "maximum");
  if (type == "number") return "a number" + bounds(schema, "minimum", "maximum");
  if (type == "string") {
    const Json* pattern = member(schema, "pattern");
    if (pattern != nullptr && pattern->is_string())
      return "text that matches " + pattern->get<std::string>();
    const std::string length = bounds(schema, "minLength", "maxLength");
    return length.empty() ? "text" : "text" + length + " characters";
  }
  const Json* items = member(schema, "items");
  const std::string inside =
      items != nullptr && items->is_object() ? expected(*items, depth + 1) : std::string();
  const std::string length = bounds(schema, "minItems", "maxItems");
  return "a list" + (length.empty() ? length : length + " items") +
         (inside.empty() ? inside : ", each " + inside);
}

std::string SchemaWords::expected(const Json& schema, int depth) const {
  const Json& here = resolved(schema);
  if (depth == kMaxDepth) return {};
  if (const Json* value = member(here, "const")) return text_of(*value);
  std::vector<std::string> choices;
  if (const Json* values = member(here, "enum"); values != nullptr && values->is_array()) {
    for (const Json& value : *values) choices.push_back(text_of(value));
    return listed(choices, "or");
  }
  if (const Json* alternatives = alternatives_of(here)) {
    for (const Json& alternative : *alternatives) {
      std::string text = expected(alternative, depth + 1);
      const bool known = std::find(choices.begin(), choices.end(), text) != choices.end();
      if (!text.empty() && !known) choices.push_back(std::move(text));
    }
    if (!choices.empty()) return listed(choices, "or");
  }
  const Json* type = member(here, "type");
  if (type == nullptr) return {};
  if (type->is_string()) return of_type(here, type->get<std::string>(), depth);
  for (const std::string& name : strings(type)) choices.push_back(of_type(here, name, depth));
  return listed(choices, "or");
}

std::string SchemaWords::expected(const Json& schema) const { return expected(schema, 0); }

void SchemaWords::collect_names(const Json& schema, std::vector<std::string>& names,
                                int depth) const {
  const Json& here = resolved(schema);
  if (const Json* properties = member(here, "properties");
      properties != nullptr && properties->is_object()) {
    for (const auto& entry : properties->items()) names.push_back(entry.key());
  }
  if (depth == kMaxDepth) return;
  for (const char* name : {"allOf", "oneOf", "anyOf"}) {
    const Json* list = member(here, name);
    if (list == nullptr || !list->is_array()) continue;
    for (const Json& alternative : *list) collect_names(alternative, names, depth + 1);
  }
}

std::vector<std::string> SchemaWords::known_names(const Json& schema) const {
  std::vector<std::string> names;
  collect_names(schema, names, 0);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> SchemaWords::missing_names(const Json& schema, const Json& value) const {
  std::vector<std::string> missing = strings(member(resolved(schema), "required"));
  std::erase_if(missing, [&](const std::string& name) { return value.contains(name); });
  return missing;
}

struct SchemaWords::Search {
  const std::vector<std::string>& steps;
  int visits_left = 10'000;  // a schema may refer to itself
  bool found = false;
};

void SchemaWords::search_patterns(const Json& schema, std::size_t step, Search& search) const {
  if (search.found) return;
  if (--search.visits_left < 0) {
    search.found = true;
    return;
  }
  const Json& here = resolved(schema);
  const auto part = [&](const char* name, std::size_t next) {
    if (const Json* found = member(here, name)) search_patterns(*found, next, search);
  };
  const auto parts = [&](const char* name, std::size_t next) {
    const Json* found = member(here, name);
    if (found == nullptr || !found->is_structured()) return;
    for (const Json& each : *found) search_patterns(each, next, search);
  };
  for (const char* list : {"allOf", "anyOf", "oneOf", "dependencies"}) parts(list, step);
  for (const char* one : {"not", "if", "then", "else"}) part(one, step);
  if (step == search.steps.size()) {
    search.found |= member(here, "pattern") != nullptr || member(here, "format") != nullptr;
    return;
  }
  if (const Json* properties = member(here, "properties")) {
    if (const Json* found = member(*properties, search.steps[step].c_str()))
      search_patterns(*found, step + 1, search);
  }
  parts("patternProperties", step + 1);
  for (const char* one : {"additionalProperties", "items", "additionalItems", "contains"})
    part(one, step + 1);
  if (const Json* items = member(here, "items"); items != nullptr && items->is_array())
    parts("items", step + 1);
}

bool SchemaWords::may_ask_for_a_pattern(const std::vector<std::string>& steps) const {
  Search search{steps};
  search_patterns(root_, 0, search);
  return search.found;
}

bool SchemaWords::fits_from_afar(const Json& schema, const Json& value) const {
  const Json& here = resolved(schema);
  const Json* type = member(here, "type");
  if (type != nullptr && type->is_string() && !is_of_type(value, type->get<std::string>()))
    return false;
  if (const Json* values = member(here, "enum");
      values != nullptr && !has_one_of_type(*values, value))
    return false;
  if (!value.is_object()) return true;
  const std::vector<std::string> known = known_names(here);
  if (known.empty()) return true;
  return std::all_of(value.items().begin(), value.items().end(), [&](const auto& entry) {
    return std::binary_search(known.begin(), known.end(), entry.key());
  });
}

int SchemaWords::meant_alternative(const Json& schema, const Json& value) const {
  const Json* alternatives = alternatives_of(resolved(schema));
  if (alternatives == nullptr) return -1;
  std::vector<int> fitting, complete;
  for (std::size_t i = 0; i < alternatives->size(); ++i) {
    const Json& alternative = (*alternatives)[i];
    if (!fits_from_afar(alternative, value)) continue;
    fitting.push_back(static_cast<int>(i));
    if (missing_names(alternative, value).empty()) complete.push_back(static_cast<int>(i));
  }
  if (complete.size() == 1) return complete.front();
  return fitting.size() == 1 ? fitting.front() : -1;
}

}  // namespace hyalite

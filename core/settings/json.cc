// A JSON document to read from.
// SPDX-License-Identifier: MIT
#include "settings/json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"

namespace hyalite {

namespace {

using Json = nlohmann::ordered_json;

const Json* json_of(const void* value) { return static_cast<const Json*>(value); }

// Looked at before parsing: the library has no limit of its own.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      deepest = std::max(deepest, ++depth);
    } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    out += !escape ? token[i] : token[++i] == '1' ? '/' : '~';
  }
  return out;
}

}  // namespace

std::string pointer_to(std::string_view parent, std::string_view step) {
  std::string out(parent);
  out += '/';
  for (char c : step) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> pointer_steps(std::string_view pointer) {
  std::vector<std::string> steps;
  if (!pointer.starts_with('/')) return steps;
  for (std::string_view token : split(pointer.substr(1), '/')) steps.push_back(unescaped(token));
  return steps;
}

struct JsonDocument::Value {
  Json json;
};

JsonDocument::JsonDocument(std::unique_ptr<Value> value) : value_(std::move(value)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (depth_of(text) > kMaxJsonDepth) {
    return Error{Fault::operator_, "JSON deeper than " + std::to_string(kMaxJsonDepth) + " levels"};
  }
  auto value = std::make_unique<Value>();
  try {
    value->json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Error{Fault::operator_, "not JSON from byte " + std::to_string(error.byte) + " on"};
  } catch (const std::exception& error) {  // a number that nothing holds
    return Error{Fault::operator_, std::string("not JSON that can be read: ") + error.what()};
  }
  return JsonDocument(std::move(value));
}

JsonView JsonDocument::root() const { return JsonView(&value_->json); }

JsonView::Type JsonView::type() const {
  if (value_ == nullptr) return Type::absent;
  switch (json_of(value_)->type()) {
    case Json::value_t::null:
      return Type::null;
    case Json::value_t::boolean:
      return Type::boolean;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return Type::integer;
    case Json::value_t::number_float:
      return Type::number;
    case Json::value_t::string:
      return Type::string;
    case Json::value_t::array:
      return Type::array;
    case Json::value_t::object:
      return Type::object;
    default:
      return Type::absent;
  }
}

JsonView JsonView::at(std::string_view pointer) const {
  if (!pointer.empty() && pointer.front() != '/') return {};
  JsonView view = *this;
  for (const std::string& step : pointer_steps(pointer)) {
    if (view.is(Type::object)) {
      view = view.member(step);
      continue;
    }
    const auto index = parse_decimal(step);
    const bool canonical = index && (step.size() == 1 || step.front() != '0');
    view = canonical ? view.element(*index) : JsonView{};
  }
  return view;
}

std::optional<bool> JsonView::boolean() const {
  if (!is(Type::boolean)) return std::nullopt;
  return json_of(value_)->get<bool>();
}

std::optional<std::int64_t> JsonView::integer() const {
  if (!is(Type::integer)) return std::nullopt;
  const Json& json = *json_of(value_);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > kMost) return std::nullopt;
  return json.get<std::int64_t>();
}

std::optional<double> JsonView::number() const {
  if (!is(Type::integer) && !is(Type::number)) return std::nullopt;
  return json_of(value_)->get<double>();
}

std::optional<std::string_view> JsonView::string() const {
  if (!is(Type::string)) return std::nullopt;
  return std::string_view(json_of(value_)->get_ref<const std::string&>());
}

std::size_t JsonView::size() const {
  return is(Type::array) || is(Type::object) ? json_of(value_)->size() : 0;
}

JsonView JsonView::element(std::size_t index) const {
  if (index >= size()) return {};
  const Json& json = *json_of(value_);
  if (json.is_array()) return JsonView(&json[index]);
  return JsonView(
      &(json.get_ref<const Json::object_t&>().begin() + static_cast<std::ptrdiff_t>(index))
           ->second);
}

std::string_view JsonView::key(std::size_t index) const {
  if (!is(Type::object) || index >= size()) return {};
  const auto& object = json_of(value_)->get_ref<const Json::object_t&>();
  return (object.begin() + static_cast<std::ptrdiff_t>(index))->first;
}

JsonView JsonView::member(std::string_view name) const {
  if (!is(Type::object)) return {};
  for (const auto& [key, value] : json_of(value_)->get_ref<const Json::object_t&>()) {
    if (key == name) return JsonView(&value);
  }
  return {};
}

std::string JsonView::text() const {
  if (value_ == nullptr) return {};
  return json_of(value_)->dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hyalite

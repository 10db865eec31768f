// The fields of a head or of a trailer section: indexed in order and case as they came, and edited.
// SPDX-License-Identifier: MIT
#include "http/fields.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace hyalite {

namespace {

// In the order of EditRefusal.
constexpr std::string_view kTexts[] = {
    "the field belongs to the host, which frames messages",
    "a trailer section may not carry this field",
    "the name is not a token, or looks like that of a framing field",
    "the value has a control character, or white space at an end",
    "the method is not a token, or HEAD or CONNECT in another case",
    "the target has no form that this method can have",
    "the status is not within 200 and 599",
    "the reason has a control character",
    "with it the body would end elsewhere",
    "there is no field at this index",
    "there are as many fields as the limit allows",
};
static_assert(std::size(kTexts) == static_cast<std::size_t>(EditRefusal::too_many_fields) + 1);

}  // namespace

std::string_view describe(EditRefusal refusal) { return kTexts[static_cast<std::size_t>(refusal)]; }

Edited check_field(Bytes name, Bytes value) {
  if (!is_token(name)) return EditRefusal::bad_name;
  if (is_framing_field(name)) return EditRefusal::framing_field;
  if (is_lookalike(name)) return EditRefusal::bad_name;
  if (!is_field_value(value)) return EditRefusal::bad_value;
  return std::nullopt;
}

const Field* Fields::find(Name name) const {
  if (name == Name::other) return nullptr;
  const std::int32_t index = first_[static_cast<std::size_t>(name)];
  return index < 0 ? nullptr : &fields_[static_cast<std::size_t>(index)];
}

const Field* Fields::find(Bytes name) const {
  const std::size_t index = index_of(name);
  return index == fields_.size() ? nullptr : &fields_[index];
}

Bytes Fields::value(Name name) const {
  const Field* field = find(name);
  return field == nullptr ? Bytes{} : field->value;
}

std::size_t Fields::count(Name name) const {
  if (find(name) == nullptr) return 0;
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [&](const Field& field) { return field.id == name; }));
}

Edited Fields::set(Bytes name, Bytes value, Arena& arena) {
  if (const auto refusal = check(name, value)) return refusal;
  const std::size_t index = index_of(name);
  if (index == fields_.size()) return append(name, value, arena);
  put(index, fields_[index].name, value, arena);
  erase_all(name, index + 1);
  edit();
  return std::nullopt;
}

Edited Fields::append(Bytes name, Bytes value, Arena& arena) {
  if (const auto refusal = check(name, value)) return refusal;
  if (fields_.size() >= most_fields_) return EditRefusal::too_many_fields;
  put(fields_.size(), arena.copy(name), value, arena);
  edit();
  return std::nullopt;
}

Edited Fields::set_if_absent(Bytes name, Bytes value, Arena& arena) {
  if (const auto refusal = check(name, value)) return refusal;
  return find(name) == nullptr ? append(name, value, arena) : std::nullopt;
}

Edited Fields::remove(Bytes name) {
  if (const auto refusal = check(name, {})) return refusal;
  const std::size_t before = fields_.size();
  erase_all(name, 0);
  if (fields_.size() != before) edit();
  return std::nullopt;
}

Edited Fields::set_at(std::size_t index, Bytes value, Arena& arena) {
  if (index >= fields_.size()) return EditRefusal::no_such_field;
  const Bytes name = fields_[index].name;
  if (const auto refusal = check(name, value)) return refusal;
  put(index, name, value, arena);
  edit();
  return std::nullopt;
}

Edited Fields::rename_at(std::size_t index, Bytes name, Arena& arena) {
  if (index >= fields_.size()) return EditRefusal::no_such_field;
  const Field& field = fields_[index];
  if (is_framing_field(field.id)) return EditRefusal::framing_field;
  if (const auto refusal = check(name, field.value)) return refusal;
  put(index, arena.copy(name), field.value, arena);
  edit();
  return std::nullopt;
}

Edited Fields::remove_at(std::size_t index) {
  if (index >= fields_.size()) return EditRefusal::no_such_field;
  if (is_framing_field(fields_[index].id)) return EditRefusal::framing_field;
  fields_.erase(fields_.begin() + static_cast<std::ptrdiff_t>(index));
  edit();
  return std::nullopt;
}

void Fields::clear(Place place, std::size_t most_fields) {
  fields_.clear();
  first_.fill(-1);
  generation_ = 0;
  most_fields_ = most_fields;
  place_ = place;
}

void Fields::take_memory_of(Fields& other) {
  constexpr std::size_t kMostKept = 64;
  if (other.fields_.capacity() > kMostKept) return;
  fields_ = std::move(other.fields_);
  fields_.clear();
}

void Fields::add(const Field& field) {
  std::int32_t& first = first_[static_cast<std::size_t>(field.id)];
  if (first < 0) first = static_cast<std::int32_t>(fields_.size());
  fields_.push_back(field);
}

void Fields::put(std::size_t index, Bytes name, Bytes value, Arena& arena) {
  if (index == fields_.size()) fields_.emplace_back();
  const std::uint32_t hash = hash_of_name(name);
  fields_[index] = Field{name, arena.copy(value), {}, hash, name_of(name, hash)};
}

void Fields::erase_all(Bytes name, std::size_t from) {
  const std::uint32_t hash = hash_of_name(name);
  const auto begin = fields_.begin() + static_cast<std::ptrdiff_t>(from);
  fields_.erase(std::remove_if(begin, fields_.end(),
                               [&](const Field& field) { return field.is_named(name, hash); }),
                fields_.end());
}

void Fields::edit() {
  ++generation_;
  first_.fill(-1);
  for (std::size_t i = fields_.size(); i-- > 0;) {
    first_[static_cast<std::size_t>(fields_[i].id)] = static_cast<std::int32_t>(i);
  }
}

void Fields::shift(const Moved& moved) {
  for (Field& field : fields_) {
    field.name = moved(field.name);
    field.value = moved(field.value);
    field.line = moved(field.line);
  }
}

Bytes Fields::Moved::operator()(Bytes view) const {
  const std::less_equal<const char*> not_after;
  const bool inside = !view.empty() && not_after(from.data(), view.data()) &&
                      not_after(view.data() + view.size(), from.data() + from.size());
  return inside ? Bytes{to + (view.data() - from.data()), view.size()} : view;
}

Edited Fields::check(Bytes name, Bytes value) const {
  if (const auto refusal = check_field(name, value)) return refusal;
  if (place_ == Place::trailers && !may_be_trailer(name_of(name)))
    return EditRefusal::not_in_trailers;
  return std::nullopt;
}

std::size_t Fields::index_of(Bytes name) const {
  const std::uint32_t hash = hash_of_name(name);
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Field& field) { return field.is_named(name, hash); });
  return static_cast<std::size_t>(found - fields_.begin());
}

}  // namespace hyalite
